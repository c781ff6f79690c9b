import type { FastifyRequest } from 'fastify';
import { jwtVerify } from 'jose';
import type { IdpContext } from '../context.ts';
import { issuerAt } from '../http/urls.ts';
import { clientKeys } from './client-keys.ts';
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
    const { payload } = await jwtVerify(
      assertion,
      await clientKeys(context, client, client.clientAuthenticatorType === 'client-secret-jwt'),
      {
        issuer: client.clientId,
        subject: client.clientId,
        audience: [issuer, `${here}/token`, `${here}/token/introspect`, `${here}/revoke`, `${here}/ext/par/request`],
        algorithms: allowedAlgorithms(client),
        currentDate: new Date(context.state.clock()),
        clockTolerance: 15,
        requiredClaims: ['exp', 'jti'],
      },
    );
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
