import { hash, timingSafeEqual } from 'node:crypto';
import { clientAssertionTypeJwtBearer, ok, type Result, refuse } from '@keyturn/protocol';
import type { FastifyRequest } from 'fastify';
import type { IdpContext } from '../context.ts';
import { formOf } from '../http/form.ts';
import { type Client, findClient, type Realm } from '../model/index.ts';
import { decodeJwt } from '../tokens/jwt.ts';
import { textClaim } from '../tokens/text-claim.ts';

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
    // Loaded when first needed: most clients have a secret.
    const { isAssertionGood } = await import('./client-assertion.ts');
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
  const digest = (text: string): Buffer => hash('sha256', text, 'buffer');
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
    const claims = decodeJwt(assertion)?.claims ?? {};
    const clientId = claims['sub'] === undefined ? form.get('client_id') : textClaim(claims, 'sub');
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
