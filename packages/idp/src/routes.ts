import { registerAdmin } from './admin/index.ts';
import { browserGrants, registerBrowser } from './browser/index.ts';
import { createMailer } from './browser/mail/mailer.ts';
import type { App, IdpContext } from './context.ts';
import { registerProtocol } from './protocol/index.ts';

/** Every endpoint of the identity provider, by who it is for: programs, administrators, people. */
export function registerRoutes(app: App, context: IdpContext): void {
  registerProtocol(app, context, browserGrants(context));
  // One mailer: what is kept for `/dev/mail` is shown together, whoever asked for it.
  const mailer = createMailer(context.state, context.log);
  registerAdmin(app, context, mailer);
  registerBrowser(app, { ...context, mailer });
}
