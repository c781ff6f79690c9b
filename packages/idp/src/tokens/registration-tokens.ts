import { type JsonObject, type Result, refuse } from '@keyturn/protocol';
import type { IdpContext } from '../context.ts';
import type { Client, InitialAccess, Realm } from '../model/index.ts';
import { readToken, type TokenRefusal } from './check.ts';
import { signJwt } from './jwt.ts';
import { textClaim } from './text-claim.ts';

// The two tokens of dynamic client registration (RFC 7591 §1.2, RFC 7592 §1): JWTs under the realm's own secret.

/** The token of an initial access grant: lets its holder register as many clients as the grant has left. */
export async function signInitialAccessToken(
  context: IdpContext,
  realm: Realm,
  issuer: string,
  grant: InitialAccess,
): Promise<string> {
  return await sign(
    context,
    realm,
    issuer,
    grant.id,
    'InitialAccessToken',
    grant.expiration > 0 ? grant.timestamp + grant.expiration : 0,
  );
}

/** The token with which a registered client is read, changed and deleted. `id` is kept as `registrationAccessToken`. */
export async function signRegistrationAccessToken(
  context: IdpContext,
  realm: Realm,
  issuer: string,
  client: Client,
): Promise<string> {
  return await sign(context, realm, issuer, client.registrationAccessToken ?? '', 'RegistrationAccessToken', 0);
}

async function sign(
  context: IdpContext,
  realm: Realm,
  issuer: string,
  jti: string,
  typ: string,
  exp: number,
): Promise<string> {
  const key = await context.keys.active(realm.id, 'HS512');
  return signJwt(key, { exp, iat: context.state.now(), jti, iss: issuer, aud: issuer, typ });
}

/** Reads either of the two. `exp` 0 means no end, as in Keycloak. */
export async function readRegistrationToken(
  context: IdpContext,
  realm: Realm,
  issuer: string,
  token: string,
): Promise<Result<JsonObject, TokenRefusal>> {
  const read = await readToken(context, realm, issuer, token, (algorithm) => algorithm === 'HS512', {
    zeroIsNoEnd: true,
  });
  if (!read.ok) return read;
  const typ = textClaim(read.value, 'typ');
  return typ === 'InitialAccessToken' || typ === 'RegistrationAccessToken' ? read : refuse({ why: 'wrong-type', typ });
}
