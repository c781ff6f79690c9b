import { registerAdmin } from './admin/index.ts';
import { browserGrants, registerBrowser } from './browser/index.ts';
import type { App, IdpContext } from './context.ts';
import { registerProtocol } from './protocol/index.ts';

/** Every endpoint of the identity provider, by who it is for: programs, administrators, people. */
export function registerRoutes(app: App, context: IdpContext): void {
  registerProtocol(app, context, browserGrants(context));
  registerAdmin(app, context);
  registerBrowser(app, context);
}
