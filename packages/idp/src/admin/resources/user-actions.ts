import { ok, type Result, refuse } from '@keyturn/protocol';
import { type MailPurpose, makeActionKey } from '../../browser/mail/action-key.ts';
import { matchesRedirectUri } from '../../browser/redirect-uri.ts';
import { type Client, findClient, type User } from '../../model/index.ts';
import { type Answer, json, message, noContent, refused } from '../frame/answer.ts';
import { type RealmCall, textOf } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { texts } from '../json/shape.ts';
import { withUser } from './users.ts';

/** What the user is asked to do, and how the mail says so. */
interface Wish {
  readonly purpose: MailPurpose;
  readonly subject: string;
  readonly actions: readonly string[];
  /** Without an SMTP server the request fails, as in Keycloak. */
  readonly needsSender: boolean;
}

const reset: Wish = {
  purpose: 'reset-credentials',
  subject: 'Reset password',
  actions: ['UPDATE_PASSWORD'],
  needsSender: false,
};
const verify: Wish = {
  purpose: 'verify-email',
  subject: 'Verify email',
  actions: ['VERIFY_EMAIL'],
  needsSender: false,
};

/** What an administrator starts for a user: e-mails with links, and acting as the user. */
export function registerUserActions(routes: RealmRoutes): void {
  const change = { needs: may.manageUsers, records: 'USER', as: 'ACTION' } as const;
  routes.put(
    '/users/:user/execute-actions-email',
    { ...change, body: texts },
    withUser((call, user, actions) =>
      mail(call, user, { purpose: 'execute-actions', subject: 'Update Your Account', actions, needsSender: true }),
    ),
  );
  routes.put(
    '/users/:user/reset-password-email',
    change,
    withUser((call, user) => mail(call, user, reset)),
  );
  routes.put(
    '/users/:user/send-verify-email',
    change,
    withUser((call, user) => mail(call, user, verify)),
  );
  routes.post('/users/:user/impersonation', { needs: may.impersonate, records: 'none' }, withUser(impersonate));
}

// Keycloak also puts its cookies into the answer: this server leaves acting as somebody else to the pages.
function impersonate(call: RealmCall, user: User): Answer {
  if (!user.enabled) return message(400, 'User is disabled');
  const { frontend } = call.context.urls.of(call.request);
  const redirect = `${frontend}/realms/${encodeURIComponent(call.realm.realm)}/account`;
  return json({ redirect, sameRealm: call.admin.realm.id === call.realm.id });
}

/** Sends a mail whose link lets the user do what is asked. */
async function mail(call: RealmCall, user: User, wish: Wish): Promise<Answer> {
  const { context, mailer, realm, request } = call;
  const { email } = user;
  if (email === undefined) return message(400, 'User email missing');
  if (!user.enabled) return message(400, 'User is disabled');
  const known = realm.requiredActions.filter((it) => it.enabled).map((it) => it.alias);
  if (wish.actions.some((it) => !known.includes(it))) return message(400, 'Provided invalid required actions');
  const back = wayBack(call);
  if (!back.ok) return back.refusal;
  // Keycloak has nobody to send it; here mails of verification and reset are kept for `/dev/mail` all the same.
  if ((realm.smtpServer['host'] ?? '') === '' && wish.needsSender) return refused(500, { errorMessage: noSender });
  const lifespan = Number(textOf(call, 'lifespan') ?? realm.actionTokenGeneratedByAdminLifespan);
  const { purpose, actions, subject } = wish;
  const key = await makeActionKey({ context: { ...context, mailer }, realm }, lifespan, {
    ...{ purpose, user, actions },
    ...back.value,
  });
  const base = context.urls.issuer(request, realm);
  const link = `${base}/login-actions/action-token?${new URLSearchParams({ key }).toString()}`;
  const text = [
    `Your administrator asks you to update your ${realm.displayName ?? realm.realm} account: ${actions.join(', ')}. Click on the link below to start this process.`,
    link,
    `This link will expire within ${Math.ceil(lifespan / 60)} minutes.`,
    'If you are unaware that your administrator has requested this, just ignore this message and nothing will be changed.\n',
  ];
  await mailer.send(realm, { to: email, subject, text: text.join('\n\n') });
  return noContent;
}

/** The client and the address that the link leads back to, which must be one of that client's. */
function wayBack(
  call: RealmCall,
): Result<{ readonly client: Client | undefined; readonly redirectUri?: string }, Answer> {
  const clientId = textOf(call, 'client_id');
  const redirectUri = textOf(call, 'redirect_uri');
  if (clientId === undefined) {
    return redirectUri === undefined ? ok({ client: undefined }) : refuse(message(400, 'Client id missing'));
  }
  const client = findClient(call.context.state, call.realm.id, clientId);
  if (client === undefined) return refuse(message(400, "Client doesn't exist"));
  if (!client.enabled) return refuse(message(400, 'Client is not enabled'));
  if (redirectUri === undefined) return ok({ client });
  return matchesRedirectUri(client.redirectUris, client.rootUrl, redirectUri)
    ? ok({ client, redirectUri })
    : refuse(message(400, 'Invalid redirect uri.'));
}

const noSender =
  "Failed to send execute actions email: Invalid sender address 'null'. If the address contains UTF-8 characters in the local part please ensure the SMTP server supports the SMTPUTF8 extension and enable 'Allow UTF-8' in the email realm configuration.";
