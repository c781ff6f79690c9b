import { createSecretKey } from 'node:crypto';
import { isJsonObject } from '@keyturn/protocol';
import type { FastifyRequest } from 'fastify';
import { createLocalJWKSet, importSPKI, importX509, type JSONWebKeySet, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { IdpContext } from '../context.ts';
import { issuerAt } from '../http/urls.ts';
import { type Client, markUsed, type Realm } from '../model/index.ts';

/**
 * RFC 7523 §3 and OpenID Connect Core §9: iss and sub are the client, aud is this server, jti counts once.
 * Whether a signed assertion proves that its bearer is this client; one that does is spent by that.
 */
export async function isAssertionGood(
  context: IdpContext,
  realm: Realm,
  request: FastifyRequest,
  client: Client,
  assertion: string,
): Promise<boolean> {
  const issuer = issuerAt(context.urls.of(request), realm);
  const here = `${context.urls.of(request).backend}/realms/${realm.realm}/protocol/openid-connect`;
  try {
    const { payload } = await jwtVerify(assertion, await keyOfClient(context, client), {
      issuer: client.clientId,
      subject: client.clientId,
      audience: [issuer, `${here}/token`, `${here}/token/introspect`, `${here}/revoke`, `${here}/ext/par/request`],
      algorithms: allowedAlgorithms(client),
      currentDate: new Date(context.state.clock()),
      clockTolerance: 15,
      requiredClaims: ['exp', 'jti'],
    });
    const { jti, exp = 0 } = payload;
    if (Array.isArray(payload.aud) && payload.aud.length !== 1) return false;
    // A long-lived assertion would keep its `jti` in the store for ever; Keycloak caps it in the same way.
    if (exp > context.state.now() + 3600) return false;
    return markUsed(context.state, realm.id, 'client-assertion', `${client.clientId} ${jti ?? ''}`, exp + 30);
  } catch {
    return false;
  }
}

function allowedAlgorithms(client: Client): string[] {
  const only = client.attributes['token.endpoint.auth.signing.alg'];
  if (only !== undefined && only !== '') return [only];
  return client.clientAuthenticatorType === 'client-secret-jwt'
    ? ['HS256', 'HS384', 'HS512']
    : ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
}

// What is no key set fails at the first use, which refuses the assertion.
function keySet(json: string): JSONWebKeySet {
  const value: unknown = JSON.parse(json);
  if (!isJsonObject(value) || !Array.isArray(value['keys'])) throw new Error('no key set');
  return { keys: value['keys'].filter(isJsonObject) };
}

async function keyOfClient(context: IdpContext, client: Client): Promise<JWTVerifyGetKey> {
  const { attributes } = client;
  if (client.clientAuthenticatorType === 'client-secret-jwt') {
    const secret = createSecretKey(Buffer.from(client.secret ?? ''));
    return () => secret;
  }
  const inline = attributes['jwks.string'];
  if (attributes['use.jwks.string'] === 'true' && inline !== undefined) return createLocalJWKSet(keySet(inline));
  const url = attributes['jwks.url'];
  if (attributes['use.jwks.url'] === 'true' && url !== undefined) {
    const fetched = await context.fetch(url, { headers: { accept: 'application/json' } });
    if (!fetched.ok || fetched.value.status !== 200) throw new Error('jwks.url did not answer');
    return createLocalJWKSet(keySet(fetched.value.text()));
  }
  const certificate = attributes['jwt.credential.certificate'];
  const publicKey = attributes['jwt.credential.public.key'];
  return async (header) => {
    const algorithm = header.alg;
    if (certificate !== undefined) return await importX509(pem('CERTIFICATE', certificate), algorithm);
    return await importSPKI(pem('PUBLIC KEY', publicKey ?? ''), algorithm);
  };
}

function pem(label: string, base64: string): string {
  return base64.includes('-----') ? base64 : `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----`;
}
