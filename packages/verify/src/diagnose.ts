import type { EpochSeconds, JsonObject, Result, Seconds } from '@keyturn/protocol';
import { epochSeconds, isJsonObject, ok, refuse, seconds } from '@keyturn/protocol';
import { foreignKind } from './kind.ts';
import { discoveryUrl } from './keys/key-source.ts';
import type { ProviderName } from './providers.ts';
import { isServiceAccount, providers, recogniseProvider } from './providers.ts';
import { splitJws } from './jws.ts';
import { quoted, quotedList } from './quoted.ts';

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
  const issuer = typeof iss === 'string' ? iss : undefined;
  const audiences = (Array.isArray(aud) ? aud : [aud]).filter((one): one is string => typeof one === 'string');
  const kind = foreignKind(claims, header.typ === 'at+jwt', provider === 'google') ?? 'access token';
  const identities = identityCandidates(claims, provider);
  const audience = likelyAudience(audiences, claims);
  const identityClaim = identities[0]?.claim;
  const settings =
    issuer !== undefined && audience !== undefined && identityClaim !== undefined && kind === 'access token'
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
    advice: advise(token, header, claims, { issuer, kind, audience, audiences, provider }),
  });
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
  const resources = audiences.filter((one) => one !== 'account' && one !== claims.azp && one !== claims.client_id);
  return resources[0] ?? audiences.find((one) => one !== 'account');
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
    ['email', 'an address, if it is verified'],
  ];
  // A person's token names the client as well; the person is whom the subject names.
  const clientNames = new Set(['azp', 'client_id', 'appid', 'cid']);
  const ordered = own
    ? reasons
    : reasons.toSorted(([a], [b]) => Number(clientNames.has(a)) - Number(clientNames.has(b)));
  const found = new Map<string, IdentityCandidate>();
  for (const [claim, because] of ordered) {
    const value = claims[claim];
    if (typeof value === 'string' && value !== '' && !found.has(claim)) found.set(claim, { claim, value, because });
  }
  return [...found.values()];
}

interface Findings {
  readonly issuer: string | undefined;
  readonly kind: string;
  readonly audience: string | undefined;
  readonly audiences: readonly string[];
  readonly provider: ProviderName | undefined;
}

function advise(token: string, header: JsonObject, claims: JsonObject, found: Findings): readonly string[] {
  const { issuer, kind, audience, audiences, provider } = found;
  const advice: string[] = [];
  if (kind !== 'access token')
    advice.push(`This is not an access token but: ${quoted(kind)}. Send the access_token of the answer.`);
  if (issuer === undefined) advice.push('It has no iss, so no verifier can tell whose it is.');
  else if (URL.canParse(issuer))
    advice.push(`Its keys are found through ${quoted(discoveryUrl(issuer))}, if that answers with the same issuer.`);
  if (audience === undefined) {
    const said = audiences.length === 0 ? 'It has no audience' : `Its only audience is ${quotedList(audiences)}`;
    advice.push(
      `${said}. ${provider === undefined ? 'Have the provider put the name of this resource into aud.' : providers[provider].audience}`,
    );
  }
  if (provider !== undefined) advice.push(providers[provider].notes);
  if (claims.exp === undefined) advice.push('It has no exp and so never ends; it will be refused.');
  if (claims.cnf !== undefined)
    advice.push('It is bound to a key (cnf): it needs a proof with each call, and the dpop section.');
  if (typeof header.alg === 'string' && /^(none|HS)/i.test(header.alg)) {
    advice.push(
      `Its algorithm is ${quoted(header.alg)}: unsigned, or signed with a secret that a resource must not know.`,
    );
  }
  if (!splitJws(token, token.length).ok)
    advice.push('It is not in its canonical spelling: padding or white space was added.');
  return advice;
}
