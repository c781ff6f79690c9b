import {
  type Breaker,
  type BreakerSettings,
  createBreaker,
  createTokenSource,
  type ExchangeRefusal,
  type TokenSource,
} from '@keyturn/exchange';
import type { GuardedFetch } from '@keyturn/net';
import { type Clock, ok, type Result, refuse } from '@keyturn/protocol';
import type { TokenEndpoint } from '../../http/token-endpoint.ts';
import type { Seal } from '../../outside/seal.ts';
import { effectiveAuth } from './auth.ts';
import { sealContext } from './secret.ts';
import type { Source } from './source.ts';

/** What Keyturn shows as itself: an API key, or a token of its own. */
export interface OwnCredential {
  readonly headers: Readonly<Record<string, string>>;
  readonly query?: { readonly name: string; readonly value: string };
  /** A token from an earlier call, which the upstream may no longer take. */
  readonly fromCache: boolean;
}

export type OwnCredentialRefusal =
  | { readonly why: 'unreadable' }
  | { readonly why: 'not-configured' }
  | { readonly why: 'refused'; readonly refusal: ExchangeRefusal };

export type OwnedSource = Pick<Source, 'id' | 'auth' | 'defaultAudience' | 'requiredScopes' | 'sealedSecret'>;

export interface OwnCredentialParts {
  readonly seal: Seal | undefined;
  /** Keyturn's own client, `exchange.clientId`; undefined where there is none. */
  readonly client: TokenEndpoint | undefined;
  /** The token endpoint of the identity provider, where a source's client has no other. */
  readonly tokenEndpoint: string;
  /** Of that token endpoint: the one of the exchanges, where there are any. */
  readonly tokenBreaker: Breaker | undefined;
  /** For breakers of other token endpoints. */
  readonly breakerSettings: BreakerSettings;
  readonly idpFetch: GuardedFetch;
  /** For token endpoints that sources name. */
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
}

/**
 * Keyturn's own credential for a source. Of a source that exchanges the callers' tokens it is a token of Keyturn's
 * client, with which the tools of an MCP server are listed where nobody calls.
 */
export function createOwnCredentials(parts: OwnCredentialParts) {
  // One token a source and definition, on this replica. Another secret or client means another entry.
  const sources = new Map<string, { readonly made: string; readonly tokens: TokenSource; given: boolean }>();

  // One breaker a token endpoint, however many sources have a client there.
  const breakers = new Map<string, Breaker>();
  const breakerOf = (endpoint: string): Breaker => {
    if (endpoint === parts.tokenEndpoint && parts.tokenBreaker !== undefined) return parts.tokenBreaker;
    const breaker = breakers.get(endpoint) ?? createBreaker({ ...parts.breakerSettings, clock: parts.clock });
    breakers.set(endpoint, breaker);
    return breaker;
  };

  const tokensOf = (source: OwnedSource): Result<TokenSource, OwnCredentialRefusal> => {
    const { auth, sealedSecret, defaultAudience, requiredScopes } = source;
    const made = JSON.stringify([auth, sealedSecret, defaultAudience, requiredScopes]);
    const known = sources.get(source.id);
    if (known?.made === made) return ok(known.tokens);
    const named = auth?.kind === 'client-credentials' && auth.clientId !== undefined ? auth : undefined;
    const secret = named === undefined ? parts.client?.clientSecret : openSecret(parts.seal, source);
    const clientId = named === undefined ? parts.client?.clientId : named.clientId;
    if (named !== undefined && secret === undefined) return refuse({ why: 'unreadable' });
    if (clientId === undefined || secret === undefined) return refuse({ why: 'not-configured' });
    const tokenEndpoint = named?.tokenUrl ?? parts.tokenEndpoint;
    const tokens = createTokenSource({
      clientId,
      clientSecret: secret,
      tokenEndpoint,
      breaker: breakerOf(tokenEndpoint),
      fetch: named?.tokenUrl === undefined ? parts.idpFetch : parts.fetch,
      clock: parts.clock,
      scopes: requiredScopes,
      ...(defaultAudience === undefined ? {} : { audience: defaultAudience }),
    });
    sources.set(source.id, { made, tokens, given: false });
    return ok(tokens);
  };

  return async function ownCredential(
    source: OwnedSource,
    fresh = false,
  ): Promise<Result<OwnCredential, OwnCredentialRefusal>> {
    const auth = effectiveAuth(source);
    if (auth.kind === 'none' || auth.kind === 'passthrough') return ok({ headers: {}, fromCache: false });
    if (auth.kind === 'api-key') {
      const secret = openSecret(parts.seal, source);
      if (secret === undefined) return refuse({ why: 'unreadable' });
      const value = `${auth.prefix}${secret}`;
      return auth.in === 'header'
        ? ok({ headers: { [auth.name.toLowerCase()]: value }, fromCache: false })
        : ok({ headers: {}, query: { name: auth.name, value }, fromCache: false });
    }
    const tokens = tokensOf(source);
    if (!tokens.ok) return tokens;
    if (fresh) tokens.value.forget();
    const entry = sources.get(source.id);
    const fromCache = entry?.given === true && !fresh;
    const issued = await tokens.value.token();
    if (!issued.ok) return refuse({ why: 'refused', refusal: issued.refusal });
    if (entry !== undefined) entry.given = true;
    return ok({ headers: { authorization: `Bearer ${issued.value.token}` }, fromCache });
  };
}

function openSecret(seal: Seal | undefined, source: OwnedSource): string | undefined {
  return source.sealedSecret === undefined ? undefined : seal?.open(source.sealedSecret, sealContext(source.id));
}
