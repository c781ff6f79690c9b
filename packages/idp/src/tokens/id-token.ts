import { createHash } from 'node:crypto';
import type { MutableClaims } from '../claims/context.ts';
import { addAudience } from '../claims/role-mappers.ts';
import type { IdpContext } from '../context.ts';
import type { UsableKey } from '../keys/key-ring.ts';
import { audiencesOf } from './access-claims.ts';
import { signJwt } from './jwt.ts';
import { claimsFor, inOrder } from './mapped-claims.ts';
import type { TokenRequest } from './token-request.ts';

/** The ID token alone: for exchanges that ask for one. `accessToken`: what `at_hash` is of. */
export async function idTokenOf(
  context: IdpContext,
  request: TokenRequest,
  access: MutableClaims,
  accessToken?: string,
): Promise<string> {
  const { client, realm, user, session } = request;
  const algorithm = client.attributes['id.token.signed.response.alg'];
  const key = await context.keys.active(
    realm.id,
    algorithm !== undefined && algorithm !== '' ? algorithm : realm.defaultSignatureAlgorithm,
  );
  const claims = claimsFor(context, request, 'id');
  const audience = { aud: [client.clientId] };
  for (const name of audiencesOf(claims)) addAudience(audience, name);
  const withHash = accessToken !== undefined && client.attributes['id.token.as.detached.signature'] !== 'true';
  return signJwt(
    key,
    inOrder({
      ...claims,
      exp: access['exp'],
      iat: access['iat'],
      jti: context.state.newUuid(),
      iss: request.issuer,
      aud: audience.aud.length === 1 ? audience.aud[0] : audience.aud,
      sub: user.id,
      typ: 'ID',
      azp: client.clientId,
      ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
      ...(request.kind === 'tr' ? {} : { sid: session.id }),
      ...(withHash ? { at_hash: halfHash(key, accessToken) } : {}),
    }),
  );
}

// OpenID Connect Core §3.1.3.6: the left half of the hash that the signature's algorithm names.
function halfHash(key: UsableKey, token: string): string {
  const bits = /\d+$/.exec(key.algorithm)?.[0] ?? '512';
  const digest = createHash(`sha${bits}`).update(token).digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}
