import type { App, IdpContext } from '../context.ts';
import type { Grants } from '../protocol/grants.ts';

/** Mounts what people see: authorization, login and other pages, end-session, device, the account's e-mail actions. */
export function registerBrowser(_app: App, _context: IdpContext): void {}

/** The grants that need the pages: `authorization_code` and the device code. */
export function browserGrants(_context: IdpContext): Grants {
  return {};
}
