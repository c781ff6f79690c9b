import { explainNetRefusal, type GuardedFetch } from '@keyturn/net';
import { type Clock, isJsonObject, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import type { ServerMetadata } from 'openid-client';

/** What is known of the identity provider: addresses for the browser, and addresses for Keyturn itself. */
export interface Provider extends ServerMetadata {
  /** Where Keycloak ends a session for whoever holds its refresh token. */
  readonly backchannelLogout?: string | undefined;
}

/** The provider's metadata, or why it cannot be had now. */
export type ReadProvider = () => Promise<Result<Provider, string>>;

const maxAge = 600_000;

/**
 * Reads the discovery document by the internal address and sorts its endpoints: what browsers open keeps the public name,
 * what Keyturn calls gets the internal one, whatever host the document names (Keycloak with a dynamic back channel names
 * the internal host for tokens, userinfo and keys, and the public one for revocation; without it, the public one for all).
 * The document's issuer must be ours. Kept for ten minutes, and longer while a new one cannot be had.
 */
export function readProvider(parts: {
  readonly issuer: string;
  readonly backchannel: string;
  readonly authorizationEndpoint: string | undefined;
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
}): ReadProvider {
  const { backchannel, fetch, clock } = parts;
  let known: { readonly provider: Provider; readonly at: number } | undefined;
  const read: ReadProvider = async () => {
    const answer = await fetch(`${backchannel.replace(/\/$/, '')}/.well-known/openid-configuration`, {
      headers: { accept: 'application/json' },
    });
    if (!answer.ok) return refuse(explainNetRefusal(answer.refusal));
    if (answer.value.status !== 200) return refuse(`the discovery document answered ${answer.value.status}`);
    const document = parseDocument(answer.value.text());
    return document === undefined ? refuse('the discovery document is no JSON object') : sortEndpoints(document, parts);
  };
  return async () => {
    if (known !== undefined && clock() - known.at < maxAge) return ok(known.provider);
    const found = await read();
    if (found.ok) known = { provider: found.value, at: clock() };
    return found.ok || known === undefined ? found : ok(known.provider);
  };
}

/** Pure: a discovery document as this client uses it. */
export function sortEndpoints(
  document: JsonObject,
  {
    issuer,
    backchannel,
    authorizationEndpoint,
  }: { readonly issuer: string; readonly backchannel: string; readonly authorizationEndpoint: string | undefined },
): Result<Provider, string> {
  if (document['issuer'] !== issuer) {
    return refuse(`the discovery document is of ${JSON.stringify(document['issuer'])}, and auth.issuer is ${issuer}`);
  }
  const moved = (name: string, from: string, to: string): string | undefined => {
    const url = document[name];
    if (typeof url !== 'string') return undefined;
    return url.startsWith(`${from}/`) ? `${to}${url.slice(from.length)}` : url;
  };
  const front = (name: string): string | undefined => moved(name, backchannel, issuer);
  const back = (name: string): string | undefined => moved(name, issuer, backchannel);
  const authorization = authorizationEndpoint ?? front('authorization_endpoint');
  const token = back('token_endpoint');
  const keys = back('jwks_uri');
  if (authorization === undefined || token === undefined || keys === undefined) {
    return refuse('the discovery document names no authorization_endpoint, token_endpoint or jwks_uri');
  }
  const endSession = front('end_session_endpoint');
  const userinfo = back('userinfo_endpoint');
  const revocation = back('revocation_endpoint');
  const algorithms = document['id_token_signing_alg_values_supported'];
  const isKeycloak = issuer.includes('/realms/');
  return ok({
    issuer,
    authorization_endpoint: authorization,
    token_endpoint: token,
    jwks_uri: keys,
    ...(endSession === undefined ? {} : { end_session_endpoint: endSession }),
    ...(userinfo === undefined ? {} : { userinfo_endpoint: userinfo }),
    ...(revocation === undefined ? {} : { revocation_endpoint: revocation }),
    // `none` and symmetric algorithms are not openid-client's to accept.
    ...(Array.isArray(algorithms)
      ? { id_token_signing_alg_values_supported: algorithms.filter((it) => typeof it === 'string') }
      : {}),
    // Keycloak always sends `iss`: an answer without one is not its own (RFC 9207 §2.4).
    authorization_response_iss_parameter_supported:
      isKeycloak || document['authorization_response_iss_parameter_supported'] === true,
    ...(isKeycloak ? { backchannelLogout: back('end_session_endpoint') } : {}),
  });
}

function parseDocument(text: string): JsonObject | undefined {
  try {
    const document: unknown = JSON.parse(text);
    return isJsonObject(document) ? document : undefined;
  } catch {
    return undefined;
  }
}
