import { browserGrants, registerBrowser } from './browser/index.ts';
import { createMailer } from './browser/mail/mailer.ts';
import type { App, IdpContext } from './context.ts';
import { registerProtocol } from './protocol/index.ts';

/** Every endpoint of the identity provider, by who it is for. */
export interface Routes {
  /** For programs and for people. */
  mount(app: App): void;
  /** For administrators. Loaded when the first of them calls: most runs of a service or a test have none. */
  mountAdmin(app: App): Promise<void>;
}

export function createRoutes(context: IdpContext): Routes {
  // One mailer: what is kept for `/dev/mail` is shown together, whoever asked for it.
  const mailer = createMailer(context.state, context.log);
  return {
    mount: (app) => {
      registerProtocol(app, context, browserGrants(context));
      registerBrowser(app, { ...context, mailer });
    },
    mountAdmin: async (app) => {
      const { registerAdmin } = await import('./admin/index.ts');
      registerAdmin(app, context, mailer);
    },
  };
}
