import { createExchanger, type ExchangeEvent, type Exchanger } from '@keyturn/exchange';
import type { GuardedFetch } from '@keyturn/net';
import { type Clock, ok, type PatId, refuse, seconds, toMilliseconds, unreachable } from '@keyturn/protocol';
import type { Revocation } from '@keyturn/verify';
import type { Log } from '../outside/log.ts';
import type { Metrics } from '../outside/metrics.ts';
import { Bearer } from './bearer.ts';
import type { HopRefusal } from './refusals.ts';
import type { RoomParts } from './rooms.ts';

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
  readonly onEvent: (event: ExchangeEvent) => void;
}

type NextHop = Pick<RoomParts<never, HopRefusal>, 'exchange' | 'forget'> & {
  /** Drops the upstream tokens that stem from what has been revoked. */
  readonly drop: (revocation: Revocation, pat: PatId | undefined) => void;
  /** 0 closed, 1 half open, 2 open. */
  readonly breakerState: () => number;
};

/** The room "next hop" on an exchanger; without a client to exchange as, every exchange is refused by name. */
export function createNextHop(options: NextHopOptions): NextHop {
  const exchanger = openExchanger(options);
  if (exchanger === undefined) {
    return {
      exchange: async () => refuse({ why: 'not-configured' }),
      forget: () => {},
      drop: () => {},
      breakerState: () => 0,
    };
  }
  return {
    async exchange(approved, { audience, scopes }) {
      const { bearer, principal, pat } = approved.caller;
      const exchanged = await exchanger.exchange({
        subjectToken: bearer.reveal(),
        audience,
        scopes,
        subjectExpiresAt: principal.expiresAt,
        tags: { jti: principal.tokenId, sid: principal.sessionId, sub: principal.subject, pat: pat?.id },
      });
      if (!exchanged.ok) return refuse({ why: 'exchange', audience, refusal: exchanged.refusal });
      return ok({ bearer: new Bearer(exchanged.value.token), fromCache: exchanged.value.fromCache });
    },
    forget: (approved, { audience, scopes }) =>
      exchanger.forget({ subjectToken: approved.caller.bearer.reveal(), audience, scopes }),
    drop({ kind, value }, pat) {
      if (pat !== undefined) exchanger.drop({ pat });
      if (kind === 'pat') exchanger.drop({ jti: value });
      else exchanger.drop(kind === 'all' || kind === 'client' ? 'all' : { [kind]: value });
    },
    breakerState: () => ({ closed: 0, 'half-open': 1, open: 2 })[exchanger.breaker.state],
  };
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
      metrics.exchange({ audience: event.audience, outcome: 'exchanged' }, event.duration / 1000);
      log.debug(
        { audience: event.audience },
        `Token exchange successful for audience '${event.audience}', expires in ${event.expiresIn ?? '?'}s`,
      );
      return;
    case 'exchange-failed':
      metrics.exchange({ audience: event.audience, outcome: event.refusal.why }, event.duration / 1000);
      log.warn({ audience: event.audience, refusal: event.refusal }, 'token exchange failed');
      return;
    case 'breaker':
      log.warn({ state: event.state }, 'circuit breaker of the token endpoint');
      return;
    case 'refusal-repeated':
    case 'exchange-started':
      return;
    default:
      unreachable(event);
  }
}
