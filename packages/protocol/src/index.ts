/**
 * The words of the standards, shared by every package: OAuth error codes, grant and token-type URNs, claims,
 * prefixed ids, amounts with units, text in HTML, and `Result`. It decides nothing, imports nothing and does no I/O.
 *
 * Read `principal.ts` first: it is what a verified token becomes, and what every later room works on.
 */
export type { Claims } from './claims.ts';
export { escapeHtml } from './escape-html.ts';
export type { AuditId, EventId, PatId, Random, RequestId, SourceId } from './ids.ts';
export { isId, newId } from './ids.ts';
export type { Json, JsonObject } from './json.ts';
export { isJsonObject } from './json.ts';
export type { OAuthErrorBody, OAuthErrorCode } from './oauth-errors.ts';
export type { Principal, TokenRoles } from './principal.ts';
export type { Result } from './result.ts';
export { ok, refuse, unreachable } from './result.ts';
export { parseScopes } from './scopes.ts';
export type { Bytes, Clock, EpochMilliseconds, EpochSeconds, Milliseconds, Seconds } from './units.ts';
export {
  after,
  bytes,
  days,
  epochMilliseconds,
  epochSeconds,
  hours,
  kibibytes,
  mebibytes,
  milliseconds,
  minutes,
  seconds,
  secondsOf,
  toMilliseconds,
} from './units.ts';
export { clientAssertionTypeJwtBearer, grantTypes, tokenTypes } from './urns.ts';
