import { unreachable } from '@keyturn/protocol';
import { quoted, quotedList } from './quoted.ts';
import type { CredentialsRefusal, DpopFault, TokenRefusal } from './refusal.ts';

/**
 * Says a refusal in a sentence or two for a person: what was expected, what came, which setting or mapper mends it.
 * For logs and the doctor, never for the HTTP answer. What came from the token is quoted, escaped and cut, so that it
 * cannot forge log lines.
 */
export function explain(refusal: TokenRefusal | CredentialsRefusal): string {
  switch (refusal.why) {
    case 'malformed':
      return `The ${refusal.part} is malformed (${refusal.fault}): a token is three parts of canonical base64url joined by dots, its header and payload JSON objects without repeated members. Padding, white space and other spellings are refused.`;
    case 'too-large':
      return `The token has ${refusal.size} characters, more than the ${refusal.limit} allowed. If it is genuine, take roles or claims out of it (full scope off), or raise maxTokenLength.`;
    case 'algorithm':
      return `The token says algorithm ${quoted(refusal.got)}; allowed are ${refusal.allowed.join(', ')}. Unsigned tokens and shared secrets are never accepted.`;
    case 'header':
      return `The token's header has ${quoted(refusal.parameter)}: ${refusal.fault}. Have the issuer sign plain access tokens, without it.`;
    case 'kind':
      return `This is no access token: its kind is ${quoted(refusal.got)}. Send the access_token of the token response, not the id_token or refresh_token.`;
    case 'issuer':
      return explainIssuer(refusal.got, refusal.expected);
    case 'unknown-key':
      if (refusal.kid === undefined) {
        return `The token names no key (kid), and the issuer ${refusal.issuer} has not exactly one that fits: ${quotedList(refusal.known)}.`;
      }
      return refusal.skipped === undefined
        ? `The issuer ${refusal.issuer} has no key ${quoted(refusal.kid)}; its keys are ${quotedList(refusal.known)}. The key was removed, the token is forged, or jwksUri belongs to another issuer.`
        : `The issuer ${refusal.issuer} has a key ${quoted(refusal.kid)}, but it is not usable: ${refusal.skipped}.`;
    case 'key-algorithm':
      return `The key ${quoted(refusal.kid)} of ${refusal.issuer} is not for ${refusal.got}: its type or its alg in the key set is another. The token is forged, or the issuer publishes the key with a wrong alg.`;
    case 'keys-unavailable':
      return `The keys of ${refusal.issuer} cannot be read: ${refusal.fault}. Check jwksUri from where this service runs; the issuer itself is only compared, not called.`;
    case 'signature':
      return `The signature is not that of the key ${quoted(refusal.kid)} of ${refusal.issuer}: the token was changed or forged, or jwksUri leads to the keys of another realm.`;
    case 'claim':
      return `The claim ${refusal.claim} is ${refusal.fault}. ${mendClaim(refusal.claim)}`;
    case 'expired':
      return `The token expired ${refusal.now - refusal.at} s ago (exp ${refusal.at}, now ${refusal.now}). Fetch a new one before exp; if it is new, compare the clocks.`;
    case 'not-yet-valid':
      return `The token begins in ${refusal.at - refusal.now} s (${refusal.claim} ${refusal.at}, now ${refusal.now}). Compare the clocks; clockTolerance allows for a small difference.`;
    case 'lifetime':
      return `The token lives ${refusal.lifetime} s, more than the ${refusal.limit} s allowed. Shorten the client's access.token.lifespan, or raise maxLifetime.`;
    case 'audience':
      return `The token is meant for ${quotedList(refusal.got)}, not for ${quotedList(refusal.expected)}. In Keycloak, give the client ${quoted(refusal.client)} (or one of its client scopes) a mapper of type "Audience" (oidc-audience-mapper) with "Included Custom Audience" ${quotedList(refusal.expected)}, on for access tokens and off for ID tokens.`;
    case 'identity':
      return `None of the claims ${quotedList(refusal.claims)} names the caller. Set identityClaim to one that the token has; in Keycloak, sub needs the client scope "basic".`;
    case 'sender-constrained':
      return refusal.by === 'jkt'
        ? 'The token is bound to a key by DPoP and came without its proof: send it as "Authorization: DPoP" with a DPoP header, to a verifier with the dpop section.'
        : `The token is bound to its sender by ${quoted(refusal.by)}, which is not supported.`;
    case 'not-bound':
      return 'The token came as "Authorization: DPoP" but is bound to no key: send it as Bearer, or turn DPoP on for the client.';
    case 'dpop-proof':
      return `The DPoP proof is not good: ${explainProof(refusal.fault)}.`;
    case 'dpop-nonce':
      return 'The DPoP proof lacks the current nonce of this server; the client repeats the call with the nonce from the answer.';
    case 'revoked':
      return `The token was revoked (by ${quoted(refusal.by)}). Log in again, or fetch a new one.`;
    case 'revocation-unknown':
      return `Whether the token was revoked cannot be told: ${refusal.fault}. Tokens are refused until it can; whenRevocationUnknown: "accept" would let revoked ones pass.`;
    case 'inactive':
      return `The issuer ${refusal.issuer} says that the token is not active: it expired, was revoked, or its session ended. Keycloak from 26.6.2 on says so too if the client that introspects is not in the token's aud.`;
    case 'introspection-unavailable':
      return `The issuer ${refusal.issuer} cannot be asked about the token: ${refusal.fault}. Check endpoint, clientId and clientSecret from where this service runs.`;
    case 'no-credentials':
      return 'The request brought no token: send one as "Authorization: Bearer …".';
    case 'several-credentials':
      return 'The request has more than one Authorization header: let the client, or the proxy that adds one, send a single one.';
    case 'insufficient-scope':
      return `The token has the scopes ${quotedList(refusal.got, '(none)')}, needed are ${quotedList(refusal.needed)}. Ask for them with "scope" when fetching it; in Keycloak the client needs them as client scopes.`;
    default:
      return unreachable(refusal);
  }
}

/** The mistakes of seed 002 have names: an alias host, another scheme, a slash too many. */
function explainIssuer(got: string | undefined, expected: readonly string[]): string {
  const said = `The token's issuer is ${quoted(got)}, expected ${quotedList(expected)}.`;
  if (got === undefined) return `${said} A token without an issuer is accepted by nobody.`;
  const near = expected.find((issuer) => withoutSlash(issuer) === withoutSlash(got));
  if (near !== undefined)
    return `${said} They differ by letter case or a final slash: set issuer to exactly what the token says.`;
  const paths = expected.filter((issuer) => pathOf(issuer) === pathOf(got) && pathOf(got) !== undefined);
  if (paths.length > 0) {
    return `${said} Same realm, another host: an alias (identity., login., auth.) or the in-cluster name is where Keycloak is reached, its issuer stays the canonical one of KC_HOSTNAME. Set issuer to it and jwksUri to the address that is reached.`;
  }
  return `${said} The token is of another realm or provider, or issuer is set wrong.`;
}

/** Who writes a claim wrongly, as a rule. */
function mendClaim(claim: string): string {
  switch (claim) {
    case 'exp':
      return 'Every access token must end: it is a whole number of seconds that the issuer writes, so no mapper may overwrite it.';
    case 'sub':
      return 'In Keycloak it is written by the client scope "basic", as text; a token whose header says at+jwt must have it.';
    case 'aud':
      return 'It is one text or a list of texts; in Keycloak use mappers of type "Audience" and no other for it.';
    default:
      return 'Look for a mapper at the issuer that writes it, or for one that is missing.';
  }
}

function explainProof(fault: DpopFault): string {
  switch (fault) {
    case 'missing':
      return 'there is no DPoP header';
    case 'several':
      return 'there is more than one DPoP header';
    case 'malformed':
      return 'it is not a well-formed JWT';
    case 'typ':
      return 'its typ is not dpop+jwt';
    case 'algorithm':
      return 'its algorithm is not a public-key signature that is allowed';
    case 'key':
      return 'its jwk is not a usable public key, or holds a private one';
    case 'signature':
      return 'it is not signed by the key it shows';
    case 'jti':
      return 'its jti is missing or too long';
    case 'htm':
      return 'its htm is not the method of this request';
    case 'htu':
      return 'its htu is not the URL of this request; behind a proxy, compare with the public URL';
    case 'iat':
      return 'its iat is too old or in the future; compare the clocks';
    case 'ath':
      return 'its ath is not the hash of this token';
    case 'thumbprint':
      return 'it is signed by another key than the token is bound to';
    case 'replayed':
      return 'it was used before';
    case 'replay-unknown':
      return 'the store of used proofs does not answer';
    case 'nonce-unknown':
      return 'the source of nonces does not answer';
    default:
      return unreachable(fault);
  }
}

function withoutSlash(url: string): string {
  return url.replace(/\/$/, '').toLowerCase();
}

function pathOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).pathname : undefined;
}
