import type { ExchangeRefusal } from '@keyturn/exchange';
import {
  type EpochSeconds,
  epochSeconds,
  grantTypes,
  isJsonObject,
  type JsonObject,
  ok,
  type Principal,
  type Result,
  refuse,
  secondsOf,
  tokenTypes,
} from '@keyturn/protocol';
import { askTokenEndpoint, type TokenEndpoint } from '../../http/token-endpoint.ts';

export interface IssuedJwt {
  readonly token: string;
  readonly jti: string;
  readonly expiresAt: EpochSeconds;
}

export type JwtIssueRefusal =
  | { readonly why: 'idp'; readonly refusal: ExchangeRefusal }
  /** The identity provider caps the life of the token below what was asked for. */
  | { readonly why: 'capped'; readonly asked: number; readonly granted: number; readonly by: string }
  /** It answered with a token that could not be told apart or revoked later. */
  | { readonly why: 'unfit'; readonly fault: string };

/**
 * Issues a personal access token by exchanging the caller's token at the identity provider, as the seed does. The answer
 * comes straight from the token endpoint, so its claims are read without a check of the signature; nothing here is let in
 * by it, and every use of the token is verified.
 */
export async function issueJwt(
  client: TokenEndpoint,
  order: {
    readonly subjectToken: string;
    readonly owner: Principal;
    readonly audiences: readonly string[];
    readonly expiresAt: EpochSeconds;
  },
): Promise<Result<IssuedJwt, JwtIssueRefusal>> {
  const now = secondsOf(client.clock());
  const answer = await askTokenEndpoint(client, [
    ['grant_type', grantTypes.tokenExchange],
    ['subject_token', order.subjectToken],
    ['subject_token_type', tokenTypes.accessToken],
    ['requested_token_type', tokenTypes.accessToken],
    // Without any, Keycloak puts in all that the issuing client may have.
    ...order.audiences.map((audience) => ['audience', audience] as const),
  ]);
  if (!answer.ok) return refuse({ why: 'idp', refusal: answer.refusal });
  const { token } = answer.value;
  const claims = readClaims(token);
  const { jti, exp, iat, azp, sub } = claims;
  if (typeof jti !== 'string' || typeof exp !== 'number')
    return refuse({ why: 'unfit', fault: 'it has no jti or no exp' });
  if (azp !== client.clientId) return refuse({ why: 'unfit', fault: `its azp is not ${client.clientId}` });
  if (sub !== order.owner.subject) return refuse({ why: 'unfit', fault: 'its sub is another' });
  const asked = order.expiresAt - now;
  const granted = exp - (typeof iat === 'number' ? iat : now);
  // The age of the caller's login comes off (FACTS §4): a hundredth is no reason to refuse.
  if (granted < asked * 0.99)
    return refuse({ why: 'capped', asked, granted, by: capOf(granted, order.owner, client.clientId) });
  return ok({ token, jti, expiresAt: epochSeconds(Math.min(exp, order.expiresAt)) });
}

/**
 * Which of Keycloak's settings ended the token early: exp − iat is the least of the client's lifespan (else the realm's),
 * the realm's SSO maximum less the age of the login, and the client session's maximum. Lifespans are round numbers.
 */
function capOf(granted: number, owner: Principal, clientId: string): string {
  const lifespan = `the attribute access.token.lifespan of the client ${clientId} (else the realm’s accessTokenLifespan)`;
  const session = 'the realm’s ssoSessionMaxLifespan (SSO Session Max), less the age of your login';
  const clientSession = `the client’s client.session.max.lifespan (else the realm’s clientSessionMaxLifespan)`;
  if (granted === 300) return lifespan;
  const loggedInAt = owner.claims['auth_time'] ?? owner.issuedAt;
  const age = typeof loggedInAt === 'number' && owner.issuedAt !== undefined ? owner.issuedAt - loggedInAt : 0;
  if (granted % 60 === 0 && age > 0) return `${lifespan}, or ${clientSession}`;
  if (granted % 60 !== 0) return session;
  return `${session}; or ${lifespan}; or ${clientSession}`;
}

function readClaims(token: string): JsonObject {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return isJsonObject(claims) ? claims : {};
  } catch {
    return {};
  }
}
