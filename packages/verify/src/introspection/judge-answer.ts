import type { Claims, EpochMilliseconds, Principal, Result, Seconds } from '@keyturn/protocol';
import { after, days, refuse, secondsOf } from '@keyturn/protocol';
import { checkAudience } from '../audience.ts';
import { checkClaimTypes, checkTimes } from '../claims.ts';
import { foreignKind } from '../kind.ts';
import type { IdentityRules } from '../principal.ts';
import { buildPrincipal } from '../principal.ts';
import type { TokenRefusal } from '../refusal.ts';

/** What an answer about a token is held to. */
export interface AnswerRules {
  readonly issuer: string;
  readonly audiences: ReadonlySet<string>;
  readonly identity: IdentityRules;
  readonly clockTolerance: Seconds;
  /** How long an answer holds that names no end. */
  readonly freshFor: Seconds;
}

/**
 * Judges what the authorization server says of an active token. It vouches for the token, not for its being meant for
 * us: issuer, kind, times and audience are looked at as in a token that is read here (RFC 7662 §4).
 */
export function judgeAnswer(said: Claims, rules: AnswerRules, at: EpochMilliseconds): Result<Principal, TokenRefusal> {
  const now = secondsOf(at);
  // Both are optional in an answer (RFC 7662 §2.2); a token has them all the same.
  const claims: Claims = Object.freeze({
    ...said,
    iss: said.iss ?? rules.issuer,
    exp: said.exp ?? after(now, rules.freshFor),
  });
  const types = checkClaimTypes(claims);
  if (!types.ok) return types;
  if (claims.iss !== rules.issuer) return refuse({ why: 'issuer', got: claims.iss, expected: [rules.issuer] });
  const kind = foreignKind(claims, false, false) ?? foreignTokenType(claims.token_type);
  if (kind !== undefined) return refuse({ why: 'kind', got: kind });
  // How long the token lives is the server's affair, which is asked again and again.
  const times = checkTimes(claims, now, { clockTolerance: rules.clockTolerance, maxLifetime: days(1e6) });
  if (!times.ok) return times;
  const audiences = checkAudience(claims, rules.audiences);
  if (!audiences.ok) return audiences;
  return buildPrincipal(claims, audiences.value, rules.identity, false);
}

/** RFC 7662 says "type of the token as in RFC 6749 §5.1"; servers that know refresh tokens say so here. */
function foreignTokenType(type: unknown): string | undefined {
  if (type === undefined) return undefined;
  if (typeof type !== 'string') return 'unknown (token_type is not text)';
  return ['bearer', 'dpop', 'access_token'].includes(type.toLowerCase()) ? undefined : type;
}
