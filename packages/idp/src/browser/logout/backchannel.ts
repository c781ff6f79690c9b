import type { IdpContext } from '../../context.ts';
import type { Client, Realm, UserSession } from '../../model/index.ts';
import { signJwt } from '../../tokens/jwt.ts';

/** Seconds that a logout token is good for, as in Keycloak. */
const lifespan = 120;

/**
 * Tells every client of sessions that have ended (OpenID Connect Back-Channel Logout 1.0): a logout token to its
 * `backchannel.logout.url`. One attempt each, side by side; what fails is logged. Never rejects.
 *
 * `issuer`: the realm's issuer as the request that ended the sessions names it.
 */
export async function sendLogoutTokens(
  context: IdpContext,
  realm: Realm,
  issuer: string,
  sessions: readonly UserSession[],
): Promise<void> {
  const sent = sessions.flatMap((session) =>
    Object.keys(session.clients).map(async (clientUuid) => {
      const client = context.state.clients.inRealm(realm.id, clientUuid);
      const url = client === undefined ? undefined : backchannelUrlOf(client);
      if (client === undefined || url === undefined) return;
      const token = await logoutToken(context, realm, issuer, client, session);
      const answer = await context.fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ logout_token: token }).toString(),
      });
      const problem = answer.ok
        ? answer.value.status >= 400 && `it answered ${answer.value.status}`
        : answer.refusal.why;
      if (problem !== false) {
        context.log('warn', `back-channel logout did not reach client ${client.clientId}: ${problem}`, {
          realm: realm.realm,
        });
      }
    }),
  );
  for (const outcome of await Promise.allSettled(sent)) {
    if (outcome.status === 'rejected')
      context.log('error', 'back-channel logout failed', { reason: String(outcome.reason) });
  }
}

function backchannelUrlOf(client: Client): string | undefined {
  const url = client.attributes['backchannel.logout.url'] ?? '';
  if (!client.enabled || url === '') return undefined;
  return url.startsWith('/') ? `${(client.rootUrl ?? '').replace(/\/+$/, '')}${url}` : url;
}

async function logoutToken(
  context: IdpContext,
  realm: Realm,
  issuer: string,
  client: Client,
  session: UserSession,
): Promise<string> {
  const algorithm = client.attributes['id.token.signed.response.alg'] ?? '';
  const key = await context.keys.active(realm.id, algorithm === '' ? realm.defaultSignatureAlgorithm : algorithm);
  const now = context.state.now();
  const withSession = client.attributes['backchannel.logout.session.required'] !== 'false';
  const offline = client.attributes['backchannel.logout.revoke.offline.tokens'] === 'true';
  return signJwt(
    key,
    {
      exp: now + lifespan,
      iat: now,
      jti: context.state.newUuid(),
      iss: issuer,
      aud: client.clientId,
      sub: session.userId,
      typ: 'Logout',
      ...(withSession ? { sid: session.id } : {}),
      events: {
        'http://schemas.openid.net/event/backchannel-logout': {},
        ...(offline ? { revoke_offline_access: true } : {}),
      },
    },
    'logout+jwt',
  );
}
