import { createHash } from 'node:crypto';
import { ok, type Result, refuse } from '@keyturn/protocol';
import type { FastifyRequest } from 'fastify';
import { calculateJwkThumbprint, decodeProtectedHeader, EmbeddedJWK, jwtVerify } from 'jose';
import type { IdpContext } from '../context.ts';
import { markUsed, type Realm } from '../model/index.ts';

const algorithms = ['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512', 'EdDSA'];

/** How old a proof may be, in seconds; and how far ahead, for clocks that disagree. */
const maxAge = 10;
const maxSkew = 15;

/** Checks a DPoP proof (RFC 9449 §4.3) and returns the thumbprint of its key. */
export async function checkProof(
  context: IdpContext,
  realm: Realm,
  request: FastifyRequest,
  proof: string | readonly string[],
  accessToken?: string,
): Promise<Result<string, string>> {
  if (typeof proof !== 'string' || proof.includes(',')) return refuse('DPoP proof verification failure');
  try {
    const header = decodeProtectedHeader(proof);
    if (header.jwk === undefined || 'd' in header.jwk || 'k' in header.jwk)
      return refuse('DPoP proof verification failure');
    const { payload } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms,
      requiredClaims: ['jti', 'htm', 'htu', 'iat'],
      currentDate: new Date(context.state.clock()),
    });
    const now = context.state.now();
    const { iat = 0, jti } = payload;
    if (iat < now - maxAge - maxSkew || iat > now + maxSkew) return refuse('DPoP proof is not active');
    if (payload['htm'] !== request.method) return refuse('DPoP HTTP method mismatch');
    const urls = context.urls.of(request);
    const path = request.url.split('?')[0] ?? '';
    const here = [urls.backend, urls.frontend].map((base) => new URL(base).origin + path);
    if (typeof payload['htu'] !== 'string' || !here.includes(withoutQuery(payload['htu'])))
      return refuse('DPoP HTTP URL mismatch');
    if (accessToken !== undefined && payload['ath'] !== createHash('sha256').update(accessToken).digest('base64url')) {
      return refuse('DPoP proof access token hash mismatch');
    }
    const thumbprint = await calculateJwkThumbprint(header.jwk);
    const fresh = markUsed(context.state, realm.id, 'dpop', `${thumbprint} ${jti ?? ''}`, now + maxAge + 2 * maxSkew);
    return fresh ? ok(thumbprint) : refuse('DPoP proof has already been used');
  } catch {
    return refuse('DPoP proof verification failure');
  }
}

function withoutQuery(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed === undefined ? '' : parsed.origin + parsed.pathname;
}
