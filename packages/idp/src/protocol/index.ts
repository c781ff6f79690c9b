import type { App, IdpContext } from '../context.ts';
import type { Grants } from './grants.ts';

/** Mounts the OpenID Connect endpoints below `/realms/:realm`. */
export function registerProtocol(_app: App, _context: IdpContext, _grants: Grants): void {}
