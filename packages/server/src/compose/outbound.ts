import { createGuardedFetch, type GuardedFetch, type Mail, type MailRefusal, sendMail } from '@keyturn/net';
import { type Result, seconds, toMilliseconds } from '@keyturn/protocol';
import { mailServerOf } from '../config/mail.ts';
import type { ResolvedSettings } from '../config/resolve.ts';
import type { Settings } from '../config/schema.ts';
import type { ExchangeAdmin } from '../features/exchange/port.ts';
import { createUpstreamBreakers, type UpstreamBreakers } from '../features/tools/upstream-breakers.ts';
import { countExchanges, createNextHop, type NextHop, tokenEndpointBreaker } from '../http/next-hop.ts';
import type { TokenEndpoint } from '../http/token-endpoint.ts';
import { createMetrics, type Metrics } from '../outside/metrics.ts';
import { traceFetch } from '../outside/traced-fetch.ts';
import { createTraces, type Traces } from '../outside/traces.ts';
import type { World } from '../outside/world.ts';

export interface Outbound {
  /** For the operator's own identity provider. */
  readonly idpFetch: GuardedFetch;
  /** For upstreams that users name. */
  readonly upstreamFetch: GuardedFetch;
  /** As whom Keyturn asks at the token endpoint; undefined where the settings name no such client. */
  readonly clients: {
    /** Exchanges callers' tokens. */
    readonly exchange: TokenEndpoint | undefined;
    /** Logs people in. */
    readonly login: TokenEndpoint | undefined;
    /** Reads users and their groups. */
    readonly sync: TokenEndpoint | undefined;
  };
  readonly send: ((mail: Mail) => Promise<Result<unknown, MailRefusal>>) | undefined;
  readonly hop: NextHop;
  readonly breakers: UpstreamBreakers;
  /** What operators can do about the breakers and the kept tokens. */
  readonly exchangeAdmin: ExchangeAdmin;
  readonly traces: Traces;
  /** These show the breakers. */
  readonly metrics: Metrics;
  readonly close: () => Promise<void>;
}

/** Whatever goes out, guarded, traced and counted: to the identity provider, to upstreams, by mail. */
export function openOutbound(settings: Settings, { idp, login }: ResolvedSettings, world: World): Outbound {
  const { exchange, tools } = settings;
  const { tokenEndpoint } = idp;
  const { clock, log } = world;
  const traces = createTraces(world.telemetry?.tracer);
  const fetchTo = (allowPrivateHosts: readonly string[], timeout: number): GuardedFetch =>
    traceFetch(createGuardedFetch({ allowPrivateHosts, timeout: toMilliseconds(seconds(timeout)) }), traces);
  const idpHosts = [idp.jwksUrl ?? idp.issuer, tokenEndpoint, idp.backchannel].map((url) => new URL(url).host);
  const idpFetch = fetchTo(idpHosts, exchange.timeout);
  const upstreamFetch = fetchTo(tools.allowedHosts, tools.timeout);
  const mailServer = settings.mail && mailServerOf(settings.mail);

  const as = (clientId: string | undefined, clientSecret: string | undefined): TokenEndpoint | undefined =>
    clientId === undefined ? undefined : { tokenEndpoint, clientId, clientSecret, fetch: idpFetch, clock };

  const metrics = createMetrics(
    () => [
      { name: tokenEndpointBreaker, state: hop.breaker?.state ?? 'closed' },
      ...[...breakers.all()].map(([name, { state }]) => ({ name, state })),
    ],
    world.telemetry?.meter,
  );
  const hop = createNextHop({
    ...exchange,
    tokenEndpoint,
    fetch: idpFetch,
    clock,
    traces,
    onEvent: (event) => countExchanges(metrics, log, event),
  });
  const breakers = createUpstreamBreakers({ settings: tools, clock, metrics, log });
  return {
    idpFetch,
    upstreamFetch,
    clients: {
      exchange: as(exchange.clientId, exchange.clientSecret),
      login: as(settings.login?.clientId, settings.login?.clientSecret),
      sync: as(login?.sync?.clientId, login?.sync?.clientSecret),
    },
    send: mailServer && ((mail) => sendMail(mailServer, mail)),
    hop,
    breakers,
    exchangeAdmin: { tokenEndpoint: hop.breaker, upstreams: breakers.all, purge: hop.purge, kept: hop.kept },
    traces,
    metrics,
    async close() {
      await Promise.all([idpFetch.close(), upstreamFetch.close()]);
    },
  };
}
