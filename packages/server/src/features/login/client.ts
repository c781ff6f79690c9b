import { type GuardedFetch, explainNetRefusal } from '@keyturn/net';
import {
  type Clock,
  type EpochSeconds,
  epochSeconds,
  isJsonObject,
  type JsonObject,
  kibibytes,
  ok,
  type Result,
  refuse,
  secondsOf,
} from '@keyturn/protocol';
import {
  allowInsecureRequests,
  AuthorizationResponseError,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  type ClientMetadata,
  clockSkew,
  Configuration,
  type CustomFetch,
  customFetch,
  enableNonRepudiationChecks,
  fetchUserInfo,
  getJwksCache,
  refreshTokenGrant,
  ResponseBodyError,
  type ServerMetadata,
  setJwksCache,
  type TokenEndpointResponse,
  type TokenEndpointResponseHelpers,
} from 'openid-client';
import type { ReadProvider } from './provider.ts';

/** What the identity provider gave for a code or a refresh token, its ID token checked. */
export interface LoginTokens {
  readonly token: string;
  readonly expiresAt: EpochSeconds;
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
  /** Of the ID token, with those of userinfo. */
  readonly claims: JsonObject;
}

/** `complete`: userinfo has answered too, so that a claim which is missing is missing at the identity provider. */
interface RefreshedLogin extends LoginTokens {
  readonly complete: boolean;
}

export type LoginClientRefusal =
  /** The identity provider says no, in its own words: the user cancelled, the code is spent, the session is over. */
  | { readonly why: 'denied'; readonly error: string; readonly description: string }
  /** It does not answer. */
  | { readonly why: 'unreachable'; readonly detail: string }
  /** Its answer is not to be believed: another issuer, nonce, audience, key or state than were expected. */
  | { readonly why: 'untrusted'; readonly detail: string };

/** What ties an answer to the browser and the moment in which the login was begun. */
export interface LoginChecks {
  readonly state: string;
  readonly nonce: string;
  /** PKCE. RFC 7636 §4.1. */
  readonly verifier: string;
}

/** The relying party: what Keyturn asks of the identity provider on behalf of browsers. */
export interface LoginClient {
  /** Where the browser goes to log in. */
  readonly authorizationUrl: (parameters: Record<string, string>) => Promise<Result<string, LoginClientRefusal>>;
  /** `callback` is the whole address that the browser came back to, as the redirect URI has it. */
  readonly redeem: (callback: URL, checks: LoginChecks) => Promise<Result<LoginTokens, LoginClientRefusal>>;
  /**
   * New tokens of the user with this `sub`. The old ones may be spent by then, so that a userinfo which does not answer
   * is no refusal.
   */
  readonly refresh: (refreshToken: string, subject: string) => Promise<Result<RefreshedLogin, LoginClientRefusal>>;
  /** Where the browser goes to log out there (RP-Initiated Logout 1.0); undefined if there is no such place. */
  readonly endSessionUrl: (parameters: Record<string, string>) => Promise<string | undefined>;
  /** Ends the session behind a refresh token without a browser. What is answered changes nothing here. */
  readonly endSession: (refreshToken: string) => Promise<void>;
}

/**
 * openid-client does the protocol: state, PKCE, nonce, `iss` (RFC 9207), audience and signature of the ID token, which is
 * checked although it comes straight from the token endpoint, because the way there may be plain http inside a cluster.
 * Every request goes through the guarded fetch.
 */
export function createLoginClient(parts: {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly provider: ReadProvider;
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
}): LoginClient {
  const { clientId, clientSecret, provider, fetch, clock } = parts;
  let keys: ReturnType<typeof getJwksCache>;

  const configure = (server: ServerMetadata): Configuration => {
    // openid-client reads the machine's clock: it is told how far ours is off.
    const metadata: Partial<ClientMetadata> = {
      [clockSkew]: Math.round((clock() - Date.now()) / 1000),
      ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
    };
    const configuration = new Configuration(server, clientId, metadata);
    configuration[customFetch] = adapt(fetch);
    // The guarded fetch decides what may be reached; inside a cluster that is plain http.
    allowInsecureRequests(configuration);
    enableNonRepudiationChecks(configuration);
    if (keys !== undefined) setJwksCache(configuration, keys);
    return configuration;
  };

  const run = async <Value>(
    action: (configuration: Configuration) => Promise<Value>,
  ): Promise<Result<Value, LoginClientRefusal>> => {
    const server = await provider();
    if (!server.ok) return refuse({ why: 'unreachable', detail: server.refusal });
    const configuration = configure(server.value);
    try {
      return ok(await action(configuration));
    } catch (error) {
      return refuse(readError(error));
    } finally {
      keys = getJwksCache(configuration) ?? keys;
    }
  };

  const tokensOf = (answer: TokenEndpointResponse & TokenEndpointResponseHelpers, more: JsonObject): LoginTokens => ({
    token: answer.access_token,
    expiresAt: epochSeconds(secondsOf(clock()) + (answer.expires_in ?? 60)),
    refreshToken: answer.refresh_token,
    idToken: answer.id_token,
    claims: { ...more, ...jsonOf(answer.claims()) },
  });

  /** What userinfo says of the user; nothing where there is no such place. */
  const ask = async (configuration: Configuration, accessToken: string, subject: string): Promise<JsonObject> => {
    const { userinfo_endpoint: userinfo } = configuration.serverMetadata();
    // Longer than servers read a header; it is refused for that where it is judged.
    const fits = accessToken.length <= 16_384;
    return userinfo === undefined || !fits ? {} : jsonOf(await fetchUserInfo(configuration, accessToken, subject));
  };

  return {
    authorizationUrl: (parameters) =>
      run(async (configuration) => buildAuthorizationUrl(configuration, parameters).href),
    redeem: (callback, checks) =>
      run(async (configuration) => {
        const answer = await authorizationCodeGrant(configuration, callback, {
          expectedState: checks.state,
          expectedNonce: checks.nonce,
          pkceCodeVerifier: checks.verifier,
          idTokenExpected: true,
        });
        return tokensOf(answer, await ask(configuration, answer.access_token, answer.claims()?.sub ?? ''));
      }),
    refresh: (refreshToken, subject) =>
      run(async (configuration) => {
        const answer = await refreshTokenGrant(configuration, refreshToken);
        const told = await ask(configuration, answer.access_token, subject).catch(() => undefined);
        return { ...tokensOf(answer, told ?? {}), complete: told !== undefined };
      }),
    async endSessionUrl(parameters) {
      const server = await provider();
      if (!server.ok || server.value.end_session_endpoint === undefined) return undefined;
      return buildEndSessionUrl(configure(server.value), parameters).href;
    },
    async endSession(refreshToken) {
      const server = await provider();
      if (!server.ok) return;
      const { backchannelLogout, revocation_endpoint: revocation } = server.value;
      const form = new URLSearchParams({ client_id: clientId });
      if (clientSecret !== undefined) form.set('client_secret', clientSecret);
      // Keycloak ends the whole session by its own extension; elsewhere the token is revoked (RFC 7009).
      const to = backchannelLogout ?? revocation;
      if (to === undefined) return;
      form.set(backchannelLogout === undefined ? 'token' : 'refresh_token', refreshToken);
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      await fetch(to, { method: 'POST', headers, body: form.toString() });
    },
  };
}

/** Thrown through openid-client, which passes it on. */
class Unreachable extends Error {}

function adapt(fetch: GuardedFetch): CustomFetch {
  return async (url, { method, headers, body }) => {
    const answer = await fetch(url, {
      method,
      headers: { ...headers },
      maxBytes: kibibytes(1024),
      // openid-client sends forms, and nothing else.
      ...(body instanceof URLSearchParams ? { body: body.toString() } : typeof body === 'string' ? { body } : {}),
    });
    if (!answer.ok) throw new Unreachable(explainNetRefusal(answer.refusal));
    const { status } = answer.value;
    const type = answer.value.headers.get('content-type');
    const bodyless = status === 204 || status === 304;
    return new Response(bodyless ? null : answer.value.text(), {
      status,
      headers: type === null ? {} : { 'content-type': type },
    });
  };
}

/** The words of an OAuth error, and of anything else only the kind: a message could repeat what was sent. */
function readError(error: unknown): LoginClientRefusal {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Unreachable) return { why: 'unreachable', detail: cause.message };
    if (cause instanceof AuthorizationResponseError || cause instanceof ResponseBodyError) {
      // A server error with a body is no verdict on the grant.
      if (cause instanceof ResponseBodyError && cause.status >= 500)
        return { why: 'unreachable', detail: `answered ${cause.status}` };
      return { why: 'denied', error: cause.error, description: cause.error_description ?? '' };
    }
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
    if (code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT') return { why: 'unreachable', detail: cause.message };
    // A proxy's error page, a restart: nothing was said about the grant.
    if (code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' || code === 'OAUTH_RESPONSE_IS_NOT_JSON') {
      return { why: 'unreachable', detail: cause.message };
    }
    if (code !== undefined && cause.cause === undefined)
      return { why: 'untrusted', detail: `${code} ${cause.message}` };
  }
  return { why: 'untrusted', detail: error instanceof Error ? error.message : 'unknown' };
}

function jsonOf(claims: object | undefined): JsonObject {
  // Claims were parsed from JSON, so they are nothing else.
  const copy: unknown = claims === undefined ? {} : JSON.parse(JSON.stringify(claims));
  return isJsonObject(copy) ? copy : {};
}
