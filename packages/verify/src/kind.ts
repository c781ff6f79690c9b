import type { Claims } from '@keyturn/protocol';

// Keycloak writes `Bearer`, or `bearer` where a client asks for lower case, and `DPoP` if the token is bound to a key.
const accessTokenTypes: ReadonlySet<string> = new Set(['bearer', 'dpop']);

// OpenID Connect Core §3.1.3.6 and §3.3.2.11, FAPI: these stand in ID tokens and in nothing else.
const idTokenClaims = ['at_hash', 'c_hash', 's_hash'] as const;

/**
 * The kind of a token that is not an access token, in the issuer's own word, or undefined for an access token. The
 * header's `typ` rarely tells: Keycloak writes `JWT` there for all of them and the kind into the payload.
 */
export function foreignKind(claims: Claims, accessTokenProfile: boolean, acceptIdTokens: boolean): string | undefined {
  const { typ } = claims;
  if (typ !== undefined) {
    if (typeof typ !== 'string') return 'unknown (typ is not text)';
    // Nearly every token says just this, and to change its case costs more than all other checks here.
    const known = typ === 'Bearer' || accessTokenTypes.has(typ.toLowerCase());
    return known ? undefined : typ;
  }
  // RFC 8417 §2.2: a security event, of which OpenID Connect's logout token is one.
  if (claims.events !== undefined) return 'security event';
  // Amazon Cognito has its own word.
  if (claims.token_use !== undefined && claims.token_use !== 'access') return 'not for access (token_use)';
  if (acceptIdTokens || accessTokenProfile) return undefined;
  for (const claim of idTokenClaims) if (claims[claim] !== undefined) return `ID token (it has ${claim})`;
  // A nonce is echoed into ID tokens. An access token that has one says its kind as well, and passed above.
  return claims.nonce === undefined ? undefined : 'ID token (it has nonce)';
}
