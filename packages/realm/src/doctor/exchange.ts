import type { Claims } from '@keyturn/protocol';
import { pathOf } from '../live/admin.ts';
import { AdminRefused } from '../live/admin-refusal.ts';
import { membersOf } from '../model/members.ts';
import type { DoctorContext, Finding } from './check.ts';
import { type ExchangeFacts, exchangeWhy, findClient, judgeExchange } from './exchange-conditions.ts';
import {
  audiencesOf,
  claimsOf,
  expectedIssuer,
  mayExchange,
  type RealmFacts,
  realmFacts,
  textMember,
} from './facts.ts';

/** Gathers what `judgeExchange` needs. `requesterId` may be left out if the token's `aud` names exactly one client with the switch. */
export async function diagnoseExchange(
  context: DoctorContext,
  asked: { readonly token: string; readonly audience: string; readonly requesterId?: string | undefined },
): Promise<readonly Finding[]> {
  const realm = await realmFacts(context);
  if (realm === undefined)
    return [
      {
        check: 'exchange',
        why: exchangeWhy,
        severity: 'error',
        looked: 'the admin API',
        found: 'no login given',
        mend: 'give --user and --password, or --admin-client',
      },
    ];
  const claims = claimsOf(asked.token);
  const requesterId = asked.requesterId ?? guessRequester(claims, realm);
  const facts: ExchangeFacts = {
    claims,
    realm,
    requesterId,
    issuer: expectedIssuer(context),
    now: Math.floor(context.clock() / 1000),
    audience: asked.audience,
    available: await predictAudiences(context, realm, requesterId, claims),
    ...(await readSession(context, claims)),
  };
  return judgeExchange(facts);
}

function guessRequester(claims: Claims | undefined, { clients }: RealmFacts): string {
  const able = clients.filter(mayExchange).map((client) => textMember(client, 'clientId'));
  const named = claims === undefined ? undefined : able.find((clientId) => audiencesOf(claims).includes(clientId));
  return named ?? able[0] ?? 'tools-provider-token-exchange';
}

/** Keycloak's own prediction: what a token of the requester would hold for this user, without logging anybody in. */
async function predictAudiences(
  { admin, settings }: DoctorContext,
  realm: RealmFacts,
  requesterId: string,
  claims: Claims | undefined,
): Promise<readonly string[] | undefined> {
  const requester = findClient(realm, requesterId);
  if (admin === undefined || requester === undefined || typeof claims?.sub !== 'string') return undefined;
  const query = `scope=openid&userId=${encodeURIComponent(claims.sub)}`;
  const token = await quietly(
    admin.find(
      `${pathOf(settings.realm)}/clients/${textMember(requester, 'id')}/evaluate-scopes/generate-example-access-token?${query}`,
    ),
  );
  return token === undefined ? undefined : audiencesOf(membersOf(token));
}

async function readSession(
  { admin, settings }: DoctorContext,
  claims: Claims | undefined,
): Promise<Pick<ExchangeFacts, 'sessionAlive' | 'userEnabled'>> {
  if (admin === undefined || typeof claims?.sub !== 'string')
    return { sessionAlive: undefined, userEnabled: undefined };
  const path = `${pathOf(settings.realm)}/users${pathOf(claims.sub)}`;
  const user = await quietly(admin.find(path));
  if (user === undefined) return { sessionAlive: false, userEnabled: undefined };
  const { sid } = claims;
  const sessions = await quietly(admin.list(`${path}/sessions`, 0));
  const known =
    sid === undefined || sessions === undefined ? undefined : sessions.some((session) => session['id'] === sid);
  // An offline session is in no list of sessions, so a missing one proves nothing there.
  const offline = /^(?:of|ft)/.test(claims.jti ?? '');
  return { sessionAlive: offline ? undefined : known, userEnabled: membersOf(user)['enabled'] !== false };
}

/** What an account without enough roles cannot see is not known, and no reason to give up. */
async function quietly<Value>(asked: Promise<Value>): Promise<Value | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof AdminRefused) return undefined;
    throw error;
  }
}
