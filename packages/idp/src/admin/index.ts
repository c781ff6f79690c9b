import type { App, IdpContext } from '../context.ts';

/** Mounts Keycloak's admin REST API at `/admin`. */
export function registerAdmin(_app: App, _context: IdpContext): void {}
