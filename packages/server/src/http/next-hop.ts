import {
  type Breaker,
  type CacheSelector,
  createExchanger,
  type ExchangeEvent,
  type Exchanger,
} from '@keyturn/exchange';
import type { GuardedFetch } from '@keyturn/net';
import {
  type Clock,
  isJsonObject,
  type JsonObject,
  ok,
  type PatId,
  type Principal,
  refuse,
  seconds,
  toMilliseconds,
  unreachable,
} from '@keyturn/protocol';
import type { Revocation } from '@keyturn/verify';
import type { Log } from '../outside/log.ts';
import type { Metrics } from '../outside/metrics.ts';
import { Bearer } from './bearer.ts';
import type { HopRefusal } from './refusals.ts';
import type { Traces } from '../outside/traces.ts';
import type { Action, RoomParts } from './rooms.ts';
import { goOn } from './soon.ts';

export interface NextHopOptions {
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly tokenEndpoint: string;
  readonly cacheTtlBuffer: number;
  readonly timeout: number;
  readonly failureThreshold: number;
  readonly recoveryTimeout: number;
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  readonly traces: Traces;
  readonly onEvent: (event: ExchangeEvent) => void;
}

export interface NextHop extends Pick<RoomParts<never, HopRefusal>, 'exchange' | 'forget'> {
  /** Drops the upstream tokens that stem from what has been revoked. */
  readonly drop: (revocation: Revocation, pat: PatId | undefined) => void;
  /** Drops what is kept for a subject, for an audience, for both together, or everything; says how many that were. */
  readonly purge: (selector: CacheSelector) => number;
  /** How many upstream tokens are kept. */
  readonly kept: () => number;
  /** Of the token endpoint; undefined where nothing is exchanged. */
  readonly breaker: Breaker | undefined;
  /** Who acted for whom when this action's upstream token was asked for; undefined where none was. */
  readonly delegationOf: (action: Action) => JsonObject | undefined;
}

/** How metrics and the admin API name the breaker of the token endpoint. */
export const tokenEndpointBreaker = 'token_endpoint';

/** The room "next hop" on an exchanger; without a client to exchange as, every exchange is refused by name. */
export function createNextHop(options: NextHopOptions): NextHop {
  const exchanger = openExchanger(options);
  if (exchanger === undefined) {
    return {
      exchange: () => refuse({ why: 'not-configured' }),
      forget: () => {},
      drop: () => {},
      purge: () => 0,
      kept: () => 0,
      breaker: undefined,
      delegationOf: () => undefined,
    };
  }
  const delegations = new WeakMap<Action, JsonObject>();
  return {
    exchange(approved, { audience, scopes }) {
      const { bearer, principal, pat } = approved.caller;
      const attributes = { 'token_exchange.audience': audience };
      return options.traces.step({ name: 'exchange_token', kind: 'internal', attributes }, (span) => {
        const call = {
          subjectToken: bearer.reveal(),
          audience,
          scopes,
          subjectExpiresAt: principal.expiresAt,
          tags: { jti: principal.tokenId, sid: principal.sessionId, sub: principal.subject, pat: pat?.id },
          onAsk: () => span.event('Performing token exchange'),
        };
        const kept = exchanger.kept(call);
        return goOn(kept === undefined ? exchanger.exchange(call) : ok(kept), (exchanged) => {
          span.set({ 'token_exchange.cache_hit': exchanged.ok && exchanged.value.fromCache });
          if (!exchanged.ok) {
            span.set({ 'error.type': exchanged.refusal.why });
            span.fail(exchanged.refusal.why);
            return refuse({ why: 'exchange', audience, refusal: exchanged.refusal } as const);
          }
          delegations.set(approved.action, { audience, act: actChain(options.clientId ?? '', principal) });
          return ok({ bearer: new Bearer(exchanged.value.token), fromCache: exchanged.value.fromCache });
        });
      });
    },
    forget: (approved, { audience, scopes }) =>
      exchanger.forget({ subjectToken: approved.caller.bearer.reveal(), audience, scopes }),
    drop({ kind, value }, pat) {
      if (pat !== undefined) exchanger.drop({ pat });
      if (kind === 'pat') exchanger.drop({ jti: value });
      else exchanger.drop(kind === 'all' || kind === 'client' ? 'all' : { [kind]: value });
    },
    purge: (selector) => exchanger.drop(selector),
    kept: () => exchanger.size,
    breaker: exchanger.breaker,
    delegationOf: (action) => delegations.get(action),
  };
}

/**
 * Who acted for whom, in the form of RFC 8693 §4.1: the outermost is who acts now. Keycloak writes none of it into its
 * tokens, so it is made here of what is known: Keyturn's client, the client that the caller came with, and whatever
 * chain the caller's own token brought.
 */
function actChain(clientId: string, { client, claims }: Principal): JsonObject {
  const { act } = claims;
  const before = isJsonObject(act) ? { act } : {};
  return { client_id: clientId, act: { ...(client === undefined ? {} : { client_id: client }), ...before } };
}

function openExchanger(options: NextHopOptions): Exchanger | undefined {
  const { clientId, clientSecret } = options;
  if (clientId === undefined || clientSecret === undefined) return undefined;
  return createExchanger({
    clientId,
    clientSecret,
    tokenEndpoint: options.tokenEndpoint,
    fetch: options.fetch,
    clock: options.clock,
    cacheTtlBuffer: seconds(options.cacheTtlBuffer),
    timeout: toMilliseconds(seconds(options.timeout)),
    breaker: {
      failureThreshold: options.failureThreshold,
      recoveryTimeout: seconds(options.recoveryTimeout),
    },
    onEvent: options.onEvent,
  });
}

/** Turns the exchanger's events into metrics and, at debug, into the log lines that seed 003 promises. */
export function countExchanges(metrics: Metrics, log: Log, event: ExchangeEvent): void {
  switch (event.kind) {
    case 'cache-hit':
      metrics.exchangeCacheHit(event.audience);
      log.debug({ audience: event.audience }, `Token exchange cache hit for audience '${event.audience}'`);
      return;
    case 'exchanged':
      metrics.exchange({ audience: event.audience }, event.duration / 1000);
      log.debug(
        { audience: event.audience },
        `Token exchange successful for audience '${event.audience}', expires in ${event.expiresIn ?? '?'}s`,
      );
      return;
    case 'exchange-failed':
      metrics.exchange({ audience: event.audience, error: event.refusal.why }, event.duration / 1000);
      log.warn({ audience: event.audience, refusal: event.refusal }, 'token exchange failed');
      return;
    case 'breaker':
      if (event.state === 'open') metrics.breakerOpened(tokenEndpointBreaker);
      log.warn({ state: event.state }, 'circuit breaker of the token endpoint');
      return;
    case 'refusal-repeated':
    case 'exchange-started':
      return;
    default:
      unreachable(event);
  }
}
