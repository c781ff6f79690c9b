import { createGuardedFetch } from '@keyturn/net';
import { bytes, type Clock, ok, type Random, type Result, refuse, seconds, toMilliseconds } from '@keyturn/protocol';
import { openStore } from '@keyturn/store';
import { createVerifier, explain } from '@keyturn/verify';
import { type IdpFault, resolveIdp } from './config/idp.ts';
import type { Settings } from './config/schema.ts';
import { createManagement } from './features/health/management.ts';
import { metadataUrlOf, mountMetadata } from './features/mcp/metadata.ts';
import { mountMcp } from './features/mcp/routes.ts';

import { openSourceRepository, sourceMigrations, sourcesChannel } from './features/sources/repository.ts';
import { mountSources } from './features/sources/routes.ts';
import { passthroughWarning } from './features/sources/passthrough.ts';
import { keepCatalogue } from './features/tools/catalogue-keeper.ts';
import { openMcpDoor } from './features/tools/mcp-door.ts';
import { mountTools } from './features/tools/routes.ts';
import { createToolbox } from './features/tools/toolbox.ts';
import { rolesOfToken } from './http/caller.ts';
import { createFrame } from './http/frame.ts';
import { countExchanges, createNextHop } from './http/next-hop.ts';
import { allowedHosts, allowedOrigins, publicUrlOf } from './http/origins.ts';
import { decideByRole } from './http/role-policy.ts';
import { buildRooms } from './http/rooms.ts';
import { identifyBy } from './http/who.ts';
import type { Log } from './outside/log.ts';
import { createMetrics, type Metrics } from './outside/metrics.ts';

/** Everything of the world that the service touches. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly version: string;
}

export interface Service {
  /** Starts listening on both ports. A taken port rejects with `EADDRINUSE`. */
  readonly listen: () => Promise<{ readonly url: string; readonly managementUrl: string }>;
  readonly close: () => Promise<void>;
}

/** Why the service was not built: the configuration contradicts itself, or the issuer cannot be used. */
export type ComposeFault =
  | { readonly why: 'settings'; readonly faults: readonly IdpFault[] }
  | { readonly why: 'oidc'; readonly issuer: string; readonly message: string };

/**
 * The whole wiring, on one page: every part is built here by plain arguments, and every feature is mounted here.
 * Reading it from top to bottom is reading the architecture.
 */
export async function compose(settings: Settings, world: World): Promise<Result<Service, ComposeFault>> {
  const { http, auth, mcp, exchange, tools, management } = settings;
  const { clock, random, log } = world;

  // The identity provider: what is compared, what is fetched, what is asked.
  const idp = resolveIdp(settings);
  if (!idp.ok) return refuse({ why: 'settings', faults: idp.refusal });
  const { issuer, jwksUrl, tokenEndpoint } = idp.value;

  // Outbound: one fetch for the operator's own identity provider, one for upstreams that users name.
  const idpFetch = createGuardedFetch({
    allowPrivateHosts: [new URL(jwksUrl ?? issuer).host, new URL(tokenEndpoint).host],
    timeout: toMilliseconds(seconds(exchange.timeout)),
  });
  const upstreamFetch = createGuardedFetch({
    allowPrivateHosts: tools.allowedHosts,
    timeout: toMilliseconds(seconds(tools.timeout)),
  });

  const publicUrl = publicUrlOf(http);
  const mcpResource = mcp.resource ?? `${publicUrl}${mcp.path}`;

  // verify: one verifier a door, since each door accepts tokens for its own audience only.
  const verifierFor = (audience: readonly string[]) =>
    createVerifier({
      issuer,
      audience,
      ...(jwksUrl === undefined ? { discovery: true } : { jwksUri: jwksUrl }),
      identityClaim: auth.identityClaim,
      clockTolerance: seconds(auth.clockTolerance),
      fetch: idpFetch,
      clock,
    });
  const verifiers = { rest: verifierFor(auth.audiences), mcp: verifierFor([mcpResource]) };
  const reached = await verifiers.rest.ready();
  if (!reached.ok) return refuse({ why: 'oidc', issuer, message: explain(reached.refusal) });

  // store, and what is counted.
  const store = await openStore({ url: settings.store.url, clock, random });
  await store.migrate(sourceMigrations);
  const hop = createNextHop({
    ...exchange,
    tokenEndpoint,
    fetch: idpFetch,
    clock,
    onEvent: (event) => countExchanges(metrics, log, event),
  });
  const metrics: Metrics = createMetrics(hop.breakerState);

  // The six rooms: who → may they → two keys → next hop → (do it) → remember.
  const house = buildRooms({
    identify: identifyBy(verifiers, rolesOfToken),
    decide: decideByRole,
    secondKey: async () => ok('turned'), // nothing asks for a second key until the feature `requests` is mounted
    exchange: hop.exchange,
    forget: hop.forget,
    remember: ({ caller, action, outcome, reason, requestId }) =>
      store.audit.record({
        at: clock(),
        kind: action.kind,
        actor: {
          identity: caller.principal.identity,
          issuer: caller.principal.issuer,
          ...(caller.principal.client === undefined ? {} : { client: caller.principal.client }),
        },
        action: action.kind.slice(action.kind.indexOf('.') + 1),
        ...(action.target === undefined ? {} : { target: action.target }),
        outcome,
        ...(reason === undefined ? {} : { reason }),
        requestId,
      }),
  });

  const frame = createFrame({
    house,
    log,
    metrics,
    clock,
    random,
    bodyLimit: http.bodyLimit,
    deadline: http.deadline,
    trustedProxies: http.trustedProxies,
    isAllowedOrigin: allowedOrigins(http, publicUrl),
    metadataUrl: () => metadataUrlOf(mcpResource),
  });

  // Features. What one needs of another is a port, filled here.
  const sources = openSourceRepository(store);
  const catalogue = await keepCatalogue(sources.all);
  const toolbox = createToolbox({
    house,
    fetch: upstreamFetch,
    allowPassthrough: tools.allowPassthrough,
    responseLimit: bytes(tools.responseLimit),
    timeout: toMilliseconds(seconds(tools.timeout)),
    catalogue: catalogue.current,
    clock,
    count: metrics.toolCall,
  });
  await store.listen(sourcesChannel, () => void catalogue.reload(), catalogue.reload);
  mountSources(
    frame,
    {
      repository: sources,
      fetch: upstreamFetch,
      clock,
      random,
      documentLimit: bytes(tools.documentLimit),
      changed: catalogue.reload,
    },
    { adminRole: auth.adminRole, warn: (source) => passthroughWarning(source, tools.allowPassthrough) },
  );
  mountTools(frame, toolbox);
  mountMetadata(frame, { resource: mcpResource, issuer, scopes: mcp.scopes });
  mountMcp(frame, openMcpDoor(toolbox, house), {
    path: mcp.path,
    resource: mcpResource,
    version: world.version,
    isAllowedHost: allowedHosts(http, publicUrl),
    warn: (message) => log.warn({ message }, 'mcp'),
  });
  const managementApp = createManagement({
    metrics,
    clock,
    checks: [
      {
        name: 'store',
        check: () =>
          store.ping().then(
            () => ({ up: true }),
            () => ({ up: false }),
          ),
      },
      { name: 'issuer keys', check: async () => ({ up: (await verifiers.rest.ready()).ok, data: { issuer } }) },
    ],
  });

  for (const source of await sources.all()) {
    const warning = passthroughWarning(source, tools.allowPassthrough);
    if (warning !== undefined) log.warn({ source: source.slug }, warning);
  }

  return ok({
    async listen() {
      const url = await frame.app.listen({ host: http.host, port: http.port });
      const managementUrl = await managementApp.listen({ host: management.host, port: management.port });
      log.info({ url, management_url: managementUrl, issuer, identity_claim: auth.identityClaim }, 'keyturn is ready');
      return { url, managementUrl };
    },
    async close() {
      await Promise.all([frame.app.close(), managementApp.close()]);
      await Promise.all([idpFetch.close(), upstreamFetch.close()]);
      await store.close();
    },
  });
}
