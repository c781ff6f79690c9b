import type { User } from '../../model/index.ts';
import { type Answer, json, message, notFound, refused } from '../frame/answer.ts';
import type { RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { texts } from '../json/shape.ts';
import { withUser } from './users.ts';

/** What an administrator starts for a user: e-mails with links, and acting as the user. */
export function registerUserActions(routes: RealmRoutes): void {
  const change = { needs: may.manageUsers, records: 'USER', as: 'ACTION' } as const;
  routes.put(
    '/users/:user/execute-actions-email',
    { ...change, body: texts },
    withUser((call, user, actions) => sendActions(call, user, actions)),
  );
  routes.put(
    '/users/:user/reset-password-email',
    change,
    withUser((call, user) => sendActions(call, user, ['UPDATE_PASSWORD'])),
  );
  routes.put(
    '/users/:user/send-verify-email',
    change,
    withUser((call, user) => sendActions(call, user, ['VERIFY_EMAIL'])),
  );
  routes.post(
    '/users/:user/impersonation',
    { needs: may.impersonate, records: 'USER', as: 'ACTION' },
    withUser((call, user) => {
      if (!user.enabled) return message(400, 'User is disabled');
      const redirect = `${call.context.urls.of(call.request).frontend}/realms/${encodeURIComponent(call.realm.realm)}/account`;
      return json({ redirect, sameRealm: call.admin.realm.id === call.realm.id });
    }),
  );
}

function sendActions(call: RealmCall, user: User, actions: readonly string[]): Answer {
  if (user.email === undefined) return message(400, 'User email missing');
  if (!user.enabled) return message(400, 'User is disabled');
  const known = call.realm.requiredActions.filter((it) => it.enabled).map((it) => it.alias);
  const unknown = actions.find((it) => !known.includes(it));
  if (unknown !== undefined) return message(400, 'Provided invalid required actions');
  const clientId = call.query.get('client_id');
  if (clientId !== null && call.context.state.clients.one(call.realm.id, 'clientId', clientId) === undefined) {
    return notFound("Client doesn't exist");
  }
  return refused(500, { errorMessage: noSender });
}

const noSender =
  "Failed to send execute actions email: Invalid sender address 'null'. If the address contains UTF-8 characters in the local part please ensure the SMTP server supports the SMTPUTF8 extension and enable 'Allow UTF-8' in the email realm configuration.";
