import { createHash, createSecretKey, timingSafeEqual } from 'node:crypto';
import { clientAssertionTypeJwtBearer, ok, type Result, refuse } from '@keyturn/protocol';
import type { FastifyRequest } from 'fastify';
import {
  createLocalJWKSet,
  decodeJwt,
  importSPKI,
  importX509,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import { z } from 'zod';
import type { IdpContext } from '../context.ts';
import { formOf } from '../http/form.ts';
import { issuerAt } from '../http/urls.ts';
import { type Client, findClient, markUsed, type Realm } from '../model/index.ts';

/** Why a client was not let in. Endpoints word it differently; none tells an unknown client from a disabled one. */
export type ClientRefusal =
  | { readonly why: 'missing' }
  | { readonly why: 'unknown'; readonly clientId: string }
  | { readonly why: 'disabled'; readonly clientId: string }
  | { readonly why: 'bearer-only'; readonly clientId: string }
  | { readonly why: 'bad-credentials'; readonly clientId: string };

/** A client that proved who it is, or a public one that named itself. */
export interface AuthenticatedClient {
  readonly client: Client;
  /** Keycloak's `client_auth_method` in events: the authenticator's id. */
  readonly method: string;
}

/**
 * Authenticates the client of a request by `client_secret_post`, `client_secret_basic`, `private_key_jwt`,
 * `client_secret_jwt` or, for public clients, by its name alone. Form credentials win over the header, as in Keycloak.
 */
export async function authenticateClient(
  context: IdpContext,
  realm: Realm,
  request: FastifyRequest,
): Promise<Result<AuthenticatedClient, ClientRefusal>> {
  const form = formOf(request);
  const presented = presentedCredentials(form, request.headers.authorization);
  if (presented === undefined) return refuse({ why: 'missing' });
  const { clientId } = presented;
  const client = findClient(context.state, realm.id, clientId);
  if (client === undefined) return refuse({ why: 'unknown', clientId });
  if (!client.enabled) return refuse({ why: 'disabled', clientId });
  if (client.bearerOnly) return refuse({ why: 'bearer-only', clientId });
  if (client.publicClient) return ok({ client, method: 'none' });
  const method = client.clientAuthenticatorType;
  if (presented.assertion !== undefined) {
    const wanted = method === 'client-jwt' || method === 'client-secret-jwt';
    return wanted && (await isAssertionGood(context, realm, request, client, presented.assertion))
      ? ok({ client, method })
      : refuse({ why: 'bad-credentials', clientId });
  }
  // A client that signs assertions cannot fall back to a shared secret.
  const wrong = method !== 'client-secret' || presented.secret === undefined || client.secret === undefined;
  if (wrong || !isSameSecret(presented.secret ?? '', client.secret ?? '')) {
    return refuse({ why: 'bad-credentials', clientId });
  }
  return ok({ client, method });
}

/** Compares two secrets in constant time, whatever their lengths. */
export function isSameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

interface Presented {
  readonly clientId: string;
  readonly secret?: string | undefined;
  readonly assertion?: string;
}

function presentedCredentials(form: URLSearchParams, authorization: string | undefined): Presented | undefined {
  const assertion = form.get('client_assertion');
  if (assertion !== null && form.get('client_assertion_type') === clientAssertionTypeJwtBearer) {
    const claims = unverified(assertion);
    const clientId = claims?.sub ?? form.get('client_id');
    const named = form.get('client_id');
    return clientId === null || (named !== null && named !== clientId) ? undefined : { clientId, assertion };
  }
  const named = form.get('client_id');
  const secret = form.get('client_secret');
  const basic = basicCredentials(authorization);
  if (named !== null && named !== '') {
    const fromHeader = basic?.clientId === named ? basic.secret : undefined;
    return { clientId: named, secret: secret ?? fromHeader };
  }
  return basic;
}

// RFC 6749 §2.3.1: both parts are form-encoded before they are joined and encoded again.
function basicCredentials(header: string | undefined): { clientId: string; secret: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { clientId: formDecoded(text.slice(0, colon)), secret: formDecoded(text.slice(colon + 1)) };
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function unverified(assertion: string): JWTPayload | undefined {
  try {
    return decodeJwt(assertion);
  } catch {
    return undefined;
  }
}

// RFC 7523 §3 and OpenID Connect Core §9: iss and sub are the client, aud is this server, jti counts once.
async function isAssertionGood(
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

const jwks = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

async function keyOfClient(context: IdpContext, client: Client): Promise<JWTVerifyGetKey> {
  const { attributes } = client;
  if (client.clientAuthenticatorType === 'client-secret-jwt') {
    const secret = createSecretKey(Buffer.from(client.secret ?? ''));
    return () => secret;
  }
  const inline = attributes['jwks.string'];
  if (attributes['use.jwks.string'] === 'true' && inline !== undefined)
    return createLocalJWKSet(jwks.parse(JSON.parse(inline)));
  const url = attributes['jwks.url'];
  if (attributes['use.jwks.url'] === 'true' && url !== undefined) {
    const fetched = await context.fetch(url, { headers: { accept: 'application/json' } });
    if (!fetched.ok || fetched.value.status !== 200) throw new Error('jwks.url did not answer');
    return createLocalJWKSet(jwks.parse(JSON.parse(fetched.value.text())));
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
