import type { EpochSeconds, JsonObject, Result, Seconds } from '@keyturn/protocol';
import { epochSeconds, isJsonObject, ok, refuse, seconds } from '@keyturn/protocol';
import { algorithms } from './algorithms.ts';
import { bindingOf } from './binding.ts';
import { checkAccessTokenProfile, checkClaimTypes, isTexts } from './claims.ts';
import { explain } from './explain.ts';
import { parseHeader } from './header.ts';
import { foreignKind } from './kind.ts';
import { discoveryUrl } from './keys/key-source.ts';
import type { ProviderName } from './providers.ts';
import { isServiceAccount, providers, recogniseProvider } from './providers.ts';
import { splitJws } from './jws.ts';
import { isHttpUrl } from './option-checks.ts';
import { quoted, quotedList } from './quoted.ts';
import type { TokenRefusal } from './refusal.ts';

/** What a token says about itself. Nothing of it is checked, and anybody may have written it. */
export interface Diagnosis {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  /** `access token`, or the kind of token that this is instead. */
  readonly kind: string;
  /** Whose token this looks like. */
  readonly provider: ProviderName | undefined;
  readonly issuer: string | undefined;
  readonly audiences: readonly string[];
  readonly expiresAt: EpochSeconds | undefined;
  readonly lifetime: Seconds | undefined;
  /** Claims that look like the caller's identity, the likeliest first. */
  readonly identities: readonly IdentityCandidate[];
  /** Options of `createVerifier` that would accept tokens like this one. Undefined where the token lacks what it takes. */
  readonly settings: DiagnosedSettings | undefined;
  /** What stands in the way of its being accepted, and what mends it, in sentences. */
  readonly advice: readonly string[];
}

export interface IdentityCandidate {
  readonly claim: string;
  readonly value: string;
  readonly because: string;
}

export interface DiagnosedSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly identityClaim: string;
  readonly discovery: true;
  readonly provider?: ProviderName;
}

export type DiagnosisRefusal =
  /** Not a JWT: for such a token there is introspection. */
  { readonly why: 'opaque' } | { readonly why: 'encrypted' };

/**
 * Reads a token that is refused, or that comes from an unfamiliar provider, and says what it is. Takes it as people
 * paste it, with "Bearer" before it and white space around it. For the doctor and for set-up, never for a decision.
 */
export function diagnose(pasted: string): Result<Diagnosis, DiagnosisRefusal> {
  // It may come from a script, where no type holds it.
  if (typeof pasted !== 'string') return refuse({ why: 'opaque' });
  const token = pasted.trim().replace(/^(authorization:\s*)?(bearer|dpop)\s+/i, '');
  const parts = token.split('.');
  if (parts.length === 5) return refuse({ why: 'encrypted' });
  const header = decode(parts[0]);
  const claims = decode(parts[1]);
  if (parts.length !== 3 || header === undefined || claims === undefined) return refuse({ why: 'opaque' });
  const { iss, aud, exp, iat } = claims;
  const provider = recogniseProvider(claims);
  const issuer = typeof iss === 'string' && iss !== '' ? iss : undefined;
  const audiences = (Array.isArray(aud) ? aud : [aud]).filter((one): one is string => typeof one === 'string');
  const fault = faultOfAll(parts[0] ?? '', claims, provider);
  const kind = fault?.why === 'kind' ? fault.got : 'access token';
  const identities = identityCandidates(claims, provider);
  const audience = likelyAudience(audiences, claims);
  const identityClaim = identities[0]?.claim;
  const settings =
    fault === undefined && isHttpUrl(issuer) && audience !== undefined && identityClaim !== undefined
      ? { issuer, audience, identityClaim, discovery: true as const, ...(provider === undefined ? {} : { provider }) }
      : undefined;
  return ok({
    header,
    claims,
    kind,
    provider,
    issuer,
    audiences,
    expiresAt: typeof exp === 'number' ? epochSeconds(exp) : undefined,
    lifetime: typeof exp === 'number' && typeof iat === 'number' ? seconds(exp - iat) : undefined,
    identities,
    settings,
    advice: advise(token, claims, { issuer, fault, audience, audiences, provider }),
  });
}

/** What no settings would let pass, if there is such: another kind of token, a header or claims that cannot be. */
function faultOfAll(header: string, claims: JsonObject, provider: ProviderName | undefined): TokenRefusal | undefined {
  const read = parseHeader(header, new Set(algorithms.keys()));
  if (!read.ok) {
    // Another spelling of a good token is advised on by itself.
    const misspelled = read.refusal.why === 'malformed' && read.refusal.fault === 'base64url';
    return misspelled ? undefined : read.refusal;
  }
  const kind = foreignKind(claims, read.value.accessTokenProfile, provider === 'google');
  if (kind !== undefined) return { why: 'kind', got: kind };
  const types = checkClaimTypes(claims);
  if (!types.ok) return types.refusal;
  if (claims.aud !== undefined && !isTexts(claims.aud)) return { why: 'claim', claim: 'aud', fault: 'not text' };
  const profile = read.value.accessTokenProfile ? checkAccessTokenProfile(claims) : types;
  if (!profile.ok) return profile.refusal;
  const binding = bindingOf(claims);
  return binding !== undefined && 'unsupported' in binding
    ? { why: 'sender-constrained', by: binding.unsupported }
    : undefined;
}

function decode(segment: string | undefined): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment ?? '', 'base64url').toString('utf8'));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Keycloak adds `account` for its own account console; an audience that is a client's own name is no resource. */
function likelyAudience(audiences: readonly string[], claims: JsonObject): string | undefined {
  const named = audiences.filter((one) => one !== 'account' && one !== '');
  return named.find((one) => one !== claims.azp && one !== claims.client_id) ?? named[0];
}

/** Where a client's identity may stand, the names that leave least room for doubt first. */
function identityCandidates(claims: JsonObject, provider: ProviderName | undefined): readonly IdentityCandidate[] {
  const ofProvider = provider === undefined ? [] : providers[provider].identityClaims;
  const own =
    provider === undefined ? isServiceAccount(claims, false) : providers[provider].isServiceAccount(claims, false);
  const reasons: readonly (readonly [claim: string, because: string])[] = [
    ...ofProvider.map((claim) => [claim, `it is what ${String(provider)} is known for`] as const),
    ['azp', 'the party that the token was issued to'],
    ['client_id', 'the client by RFC 9068 and RFC 8693'],
    ['appid', 'the application in Entra v1 tokens'],
    ['cid', 'the client in Okta tokens'],
    ['sub', own ? 'the subject, which here is the client itself' : 'the subject, a person'],
    ['email', 'an address that was verified'],
  ];
  // A person's token names the client as well; the person is whom the subject names.
  const clientNames = new Set(['azp', 'client_id', 'appid', 'cid']);
  const ordered = own
    ? reasons
    : reasons.toSorted(([a], [b]) => Number(clientNames.has(a)) - Number(clientNames.has(b)));
  const found = new Map<string, IdentityCandidate>();
  for (const [claim, because] of ordered) {
    const value = claims[claim];
    // As in a verifier, an address is nobody's until somebody has verified it.
    if (claim === 'email' && claims.email_verified !== true) continue;
    if (typeof value === 'string' && value !== '' && !found.has(claim)) found.set(claim, { claim, value, because });
  }
  return [...found.values()];
}

interface Findings {
  readonly issuer: string | undefined;
  readonly fault: TokenRefusal | undefined;
  readonly audience: string | undefined;
  readonly audiences: readonly string[];
  readonly provider: ProviderName | undefined;
}

function advise(token: string, claims: JsonObject, found: Findings): readonly string[] {
  const { issuer, fault, audience, audiences, provider } = found;
  const advice: string[] = [];
  if (fault !== undefined) advice.push(explain(fault));
  if (issuer === undefined) advice.push('It has no iss, so no verifier can tell whose it is.');
  else if (!isHttpUrl(issuer)) advice.push('Its issuer is no address that keys could be found through: give jwksUri.');
  else advice.push(`Its keys are found through ${quoted(discoveryUrl(issuer))}, if that answers with the same issuer.`);
  if (audience === undefined) {
    const said = audiences.length === 0 ? 'It has no audience' : `Its only audience is ${quotedList(audiences)}`;
    advice.push(
      `${said}. ${provider === undefined ? 'Have the provider put the name of this resource into aud.' : providers[provider].audience}`,
    );
  }
  if (provider !== undefined) advice.push(providers[provider].notes);
  if (claims.cnf !== undefined && fault === undefined)
    advice.push('It is bound to a key (cnf): it needs a proof with each call, and the dpop section.');
  if (!splitJws(token, token.length).ok)
    advice.push('It is not in its canonical spelling: padding or white space was added.');
  return advice;
}
