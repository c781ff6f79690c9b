import { createGuardedFetch, type Mail, sendMail } from '@keyturn/net';
import { type Clock, ok, type Random, type Result, refuse, seconds, toMilliseconds } from '@keyturn/protocol';
import { openStore } from '@keyturn/store';
import { createLogoutTokenVerifier, createVerifier, explain } from '@keyturn/verify';
import { type IdpFault, resolveIdp } from './config/idp.ts';
import { mailServerOf } from './config/mail.ts';
import { resolveLogin } from './config/resolve-login.ts';
import { resolvePat } from './config/resolve-pat.ts';
import { sealKeysOf } from './config/seal.ts';
import type { Settings } from './config/schema.ts';
import { migrations } from './migrations.ts';
import { openWebhooks } from './features/events/webhooks.ts';
import { openEdge } from './features/edge/open-edge.ts';
import { mountExchangeAdmin } from './features/exchange/routes.ts';
import { createManagement } from './features/health/management.ts';
import { type LogoutListener, mountBackchannelLogout, openLogoutReplay } from './features/login/backchannel-logout.ts';
import { mountAuthDiscovery } from './features/login/discovery.ts';
import { type Login, openLogin } from './features/login/open-login.ts';
import { metadataUrlOf } from './features/mcp/metadata.ts';
import { openMcp } from './features/mcp/open-mcp.ts';
import type { McpDoor } from './features/mcp/routes.ts';
import { mountPatFeature } from './features/pats/mount.ts';
import { openPats, type Pats } from './features/pats/open-pats.ts';
import { readOwnersFromKeycloak } from './features/pats/owners.ts';
import { openRbac } from './features/rbac/open-rbac.ts';
import { openSources } from './features/sources/open-sources.ts';
import { sourcesChannel } from './features/sources/repository.ts';
import { mountAuthzen } from './features/authzen/routes.ts';
import { openAudit } from './features/audit/open-audit.ts';
import { openPolicies } from './features/policies/open-policies.ts';
import { nobodyToAsk, voidingOnDeny, voidOfKilled, voidOnRevocation } from './features/requests/in-the-house.ts';
import { openRequests } from './features/requests/open-requests.ts';
import { rolesNowBy } from './features/requests/roles-now.ts';
import { neededScopes } from './features/tools/caller-scopes.ts';
import { openTools, type Tools } from './features/tools/open-tools.ts';
import { argumentFaults, toolCall } from './features/tools/toolbox.ts';
import { createUpstreamBreakers } from './features/tools/upstream-breakers.ts';
import { openUsers, type Users } from './features/users/open-users.ts';
import { createFrame } from './http/frame.ts';
import { insufficientScope, type ScopeChallenge } from './http/insufficient-scope.ts';
import { countExchanges, createNextHop, tokenEndpointBreaker } from './http/next-hop.ts';
import { allowedHosts, allowedOrigins, publicUrlOf } from './http/origins.ts';
import { allOf } from './http/all-of.ts';
import { cutByPat } from './http/pat-limits.ts';
import { decideByRole } from './http/role-policy.ts';
import { buildRooms, type Resource } from './http/rooms.ts';
import { type TokenEndpoint } from './http/token-endpoint.ts';
import { openDoors } from './http/doors.ts';
import { identifyBy } from './http/who.ts';
import type { Log } from './outside/log.ts';
import { createMetrics, type Meter, type Metrics } from './outside/metrics.ts';
import { traceFetch } from './outside/traced-fetch.ts';
import { createTraces, type Tracer } from './outside/traces.ts';
import { createSeal } from './outside/seal.ts';

/** Everything of the world that the service touches. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly version: string;
  /** Files that settings name and that may change while the service runs. */
  readonly readFile: (path: string) => Promise<string>;
  /** Where traces and numbers go beside the log and /metrics; OpenTelemetry's, where OTEL_* asks for it. */
  readonly telemetry?: Telemetry | undefined;
}

/** Of OpenTelemetry, as much as Keyturn writes. */
export interface Telemetry {
  readonly tracer: Tracer;
  readonly meter: Meter;
  /** Sends what is left. */
  readonly close: () => Promise<void>;
}

export interface Service {
  /** Starts listening on all ports. A taken port rejects with `EADDRINUSE`. */
  readonly listen: () => Promise<{
    readonly url: string;
    readonly managementUrl: string;
    /** Of envoy.service.auth.v3, where the section `edge` is present. */
    readonly grpcUrl?: string | undefined;
  }>;
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
  const { http, auth, mcp, exchange, tools, management, pat, login, edge, breakGlass } = settings;
  const { clock, random, log } = world;

  // The identity provider: what is compared, what is fetched, what is asked.
  const idp = resolveIdp(settings);
  if (!idp.ok) return refuse({ why: 'settings', faults: idp.refusal });
  const { issuer, jwksUrl, tokenEndpoint, backchannel } = idp.value;

  // Outbound: one fetch for the operator's own identity provider, one for upstreams that users name.
  const traces = createTraces(world.telemetry?.tracer);
  const idpFetch = traceFetch(
    createGuardedFetch({
      allowPrivateHosts: [jwksUrl ?? issuer, tokenEndpoint, backchannel].map((url) => new URL(url).host),
      timeout: toMilliseconds(seconds(exchange.timeout)),
    }),
    traces,
  );
  const upstreamFetch = traceFetch(
    createGuardedFetch({
      allowPrivateHosts: tools.allowedHosts,
      timeout: toMilliseconds(seconds(tools.timeout)),
    }),
    traces,
  );

  const publicUrl = publicUrlOf(http);
  const mcpResource = mcp.resource ?? `${publicUrl}${mcp.path}`;

  const { impliedScopes: implied } = tools;
  const restChallenge = { scopes: [], metadataUrl: metadataUrlOf(publicUrl), implied };
  const scopeChallenges: Record<Resource, ScopeChallenge> = {
    rest: restChallenge,
    edge: restChallenge,
    mcp: { scopes: mcp.scopes, metadataUrl: metadataUrlOf(mcpResource), implied },
  };

  const store = await openStore({ url: settings.store.url, clock, random });
  await store.migrate(migrations);

  // The audit: rows of calls, signed checkpoints over all chains.
  const sealKeys = sealKeysOf(settings);
  const seal = sealKeys.length === 0 ? undefined : createSeal(sealKeys, random);
  const audit = await openAudit({
    settings: settings.audit,
    store,
    seal,
    clock,
    log,
  });

  // Safety policies: what agents may do, beside what roles allow.
  const policies = await openPolicies({ settings: settings.policies, store, clock, log });
  if (!policies.ok) {
    await store.close();
    const faults = policies.refusal.map(({ path, message }) => ({
      path: 'policies.path',
      message: `${path}: ${message}`,
    }));
    return refuse({ why: 'settings', faults });
  }

  // Personal access tokens: what is revoked is asked of by every verifier, opaque ones come in by a port of the first room.
  const resolved = resolvePat(settings, tokenEndpoint);
  const resolvedLogin = resolveLogin(settings);
  if (!resolved.ok || !resolvedLogin.ok) {
    await store.close();
    const faults = [...(resolved.ok ? [] : resolved.refusal), ...(resolvedLogin.ok ? [] : resolvedLogin.refusal)];
    return refuse({ why: 'settings', faults });
  }
  const atIdp = (clientId: string, clientSecret: string | undefined): TokenEndpoint => ({
    tokenEndpoint,
    clientId,
    clientSecret,
    fetch: idpFetch,
    clock,
  });
  const exchangeClient = exchange.clientId === undefined ? undefined : atIdp(exchange.clientId, exchange.clientSecret);
  const loginClient = login === undefined ? undefined : atIdp(login.clientId, login.clientSecret);
  const mailServer = settings.mail === undefined ? undefined : mailServerOf(settings.mail);
  const send = mailServer === undefined ? undefined : (mail: Mail) => sendMail(mailServer, mail);
  const pats: Pats | undefined =
    pat === undefined || resolved.value === undefined
      ? undefined
      : openPats({
          settings: pat,
          resolved: resolved.value,
          issuer,
          login: loginClient,
          exchange: exchangeClient,
          ownAudiences: new Set([...auth.audiences, mcpResource]),
          grantUrl: async ({ subject }) => {
            const scopes = ['openid', 'offline_access'];
            const ticket = await logins?.flows.invite({ purpose: 'offline-grant', subject, scopes });
            return `${publicUrl}/login/start?ticket=${ticket ?? ''}`;
          },
          send,
          publicUrl,
          store,
          fetch: idpFetch,
          clock,
          random,
          log,
        });

  // Roles: the token's, and those that groups and people have given, as every request and every reviewer sees them.
  const rbac = await openRbac({
    settings: settings.rbac,
    issuer,
    adminRole: auth.adminRole,
    store,
    clock,
    random,
    log,
    onSynced: (person, source, { added, removed, refused }) =>
      log.info({ user: person.subject, source, added, removed, refused }, 'groups were synced'),
  });
  if (!rbac.ok) {
    await store.close();
    return refuse({ why: 'settings', faults: rbac.refusal });
  }

  // verify: one verifier a door, since each door accepts tokens for its own audience only.
  const { rulesFor, doorFor } = openDoors({
    issuer,
    ...(jwksUrl === undefined ? { discovery: true } : { jwksUri: jwksUrl }),
    identityClaim: auth.identityClaim ?? 'sub',
    clockTolerance: seconds(auth.clockTolerance),
    fetch: idpFetch,
    clock,
    ...(pats === undefined ? {} : { revocation: pats.port.revocation }),
  });
  const edgeAudiences = edge?.audiences ?? auth.audiences;
  const audiencesOfRoutes = edge?.routes.flatMap((route) => route.audience ?? []) ?? [];
  const doors = {
    rest: doorFor([...auth.audiences, publicUrl]), // its own URL too, which RFC 9728 tells clients to ask for
    mcp: doorFor([mcpResource]),
    // A rule may name another audience; without one, a token must be for the edge's own.
    edge: { ...doorFor([...edgeAudiences, ...audiencesOfRoutes]), audiences: edgeAudiences },
  };
  // Without the issuer there is nothing to do, unless somebody may break the glass: then it is asked again at each check.
  const reached = await doors.rest.verifier.ready();
  if (!reached.ok && breakGlass !== undefined) {
    log.error(
      { issuer, reason: explain(reached.refusal) },
      'the issuer cannot be used: only break-glass works until it can',
    );
  } else if (!reached.ok) {
    await store.close();
    return refuse({ why: 'oidc', issuer, message: explain(reached.refusal) });
  }

  const hop = createNextHop({
    ...exchange,
    tokenEndpoint,
    fetch: idpFetch,
    clock,
    traces,
    onEvent: (event) => countExchanges(metrics, log, event),
  });
  const metrics: Metrics = createMetrics(
    () => [
      { name: tokenEndpointBreaker, state: hop.breaker?.state ?? 'closed' },
      ...[...breakers.all()].map(([name, { state }]) => ({ name, state })),
    ],
    world.telemetry?.meter,
  );
  const breakers = createUpstreamBreakers({
    clock,
    failureThreshold: tools.failureThreshold,
    recoveryTimeout: seconds(tools.recoveryTimeout),
    onChange(source, state) {
      if (state === 'open') metrics.breakerOpened(source);
      log.warn({ source, state }, 'circuit breaker of an upstream');
    },
  });

  // Which tool is meant; looked up by the second room, and by whoever asks people, once there are tools.
  let toolFeature: Tools | undefined;
  const entryOf = (id: string) => toolFeature?.catalogue.current().byId(id);
  const toolById = (id: string) => toolCall(entryOf(id), undefined).tool;
  const changesNothing = (id: string): boolean => entryOf(id)?.tool.hints.readOnly === true;
  const decideBy = (policy: typeof decideByRole) => cutByPat(allOf(decideByRole, policy), changesNothing);
  const decide = decideBy(policies.value.point.decide);
  const sync = resolvedLogin.value?.sync; // may read users
  const requests =
    settings.requests === undefined
      ? undefined
      : openRequests({
          settings: settings.requests,
          identityClaim: auth.identityClaim,
          store,
          decide,
          decideAgain: (caller, action, version) =>
            decideBy((who, what) => policies.value.point.again(who, what, version))(caller, action),
          rolesNow: rolesNowBy({
            rolesOf: rbac.value.rolesOf,
            readPerson: pats?.readOwner ?? (sync && readOwnersFromKeycloak(atIdp(sync.clientId, sync.clientSecret))),
            issuer,
            tokenRolesFor: seconds(settings.requests.tokenRolesFor),
            clock,
          }),
          checkArguments: (tool, args) => argumentFaults(entryOf(tool), args),
          toolById,
          lease: seconds(http.deadline + tools.timeout + 30),
          publicUrl,
          send,
          readFile: world.readFile,
          clock,
          random,
          log,
        });
  // The six rooms: who → may they → two keys → next hop → (do it) → remember.
  const house = buildRooms({
    identify: identifyBy(doors, rbac.value.rolesOf, pats?.port),
    decide: requests === undefined ? decide : voidingOnDeny(decide, requests.gate),
    ...(requests?.gate ?? nobodyToAsk),
    exchange: hop.exchange,
    forget: hop.forget,
    remember: audit.rememberWith(hop.delegationOf),
  });

  // People: who logs in here, what their groups make of them, and their sessions, which are a way into the first room.
  const webhooks = openWebhooks({
    settings: settings.events,
    store,
    fetch: createGuardedFetch({ allowPrivateHosts: settings.events?.allowedHosts ?? [] }),
    clock,
    random,
    log,
  });
  const { value: loginOn } = resolvedLogin;
  const users: Users | undefined =
    loginOn === undefined
      ? undefined
      : openUsers({
          issuer,
          adminRole: auth.adminRole,
          groupsClaim: loginOn.settings.groupsClaim,
          roles: rbac.value.forUsers(async (id) => (await users?.identitiesOf(id)) ?? []),
          sync: loginOn.sync === undefined ? undefined : atIdp(loginOn.sync.clientId, loginOn.sync.clientSecret),
          syncInterval: loginOn.settings.groupSyncInterval,
          announce: webhooks.announce,
          listeners: [],
          store,
          clock,
          random,
          metrics,
          log,
        });
  // Of a login that gives a grant, the tokens go on to be exchanged.
  const grantTokens = createVerifier(
    rulesFor([...auth.audiences, ...(exchange.clientId === undefined ? [] : [exchange.clientId])]),
  );
  const logins: Login | undefined =
    loginOn === undefined || users === undefined
      ? undefined
      : openLogin({
          resolved: loginOn,
          breakGlass,
          adminRole: auth.adminRole,
          issuer,
          backchannel,
          publicUrl,
          seal: createSeal(loginOn.sealKeys, random),
          identify: async (bearer, address) => house.who(bearer, 'rest', { address }),
          rolesOf: rbac.value.rolesOf,
          verify: (token, purpose) => (purpose === 'session' ? doors.rest.verifier : grantTokens).verify(token),
          signedIn: users.people.signedIn,
          sessionEnded: async (ended) => pats?.loggedOut({ ...ended, offlineToo: false }),
          purposes: {
            'offline-grant': async ({ issuer: from, subject, tokens }) => {
              await pats?.keepGrant({ issuer: from, subject }, tokens);
              return { title: 'Thank you', text: 'Keyturn can now carry your tokens. Close this page and try again.' };
            },
          },
          store,
          fetch: idpFetch,
          clock,
          random,
          metrics,
          log,
        });

  const frame = createFrame({
    house,
    sessions: logins?.port,
    log,
    metrics,
    traces,
    clock,
    random,
    bodyLimit: http.bodyLimit,
    deadline: http.deadline,
    trustedProxies: http.trustedProxies,
    isAllowedOrigin: allowedOrigins(http, publicUrl),
    metadataUrl: (door) => scopeChallenges[door].metadataUrl,
    scopesOf: (door) => scopeChallenges[door].scopes,
  });

  // Features. What one needs of another is a port, filled here.
  const sources = openSources({
    settings: tools,
    adminRole: auth.adminRole,
    store,
    fetch: upstreamFetch,
    idpFetch,
    seal,
    client: exchangeClient,
    tokenEndpoint,
    breakerOf: breakers.of,
    version: world.version,
    clock,
    random,
    log,
  });
  // Another replica may change the list before there is a door that could tell anybody.
  let mcpDoor: McpDoor | undefined;
  toolFeature = await openTools({
    settings: tools,
    adminRole: auth.adminRole,
    house,
    offered: sources.offered,
    ownCredential: sources.ownCredential,
    callMcp: sources.callMcp,
    breakerOf: breakers.of,
    fetch: upstreamFetch,
    stepUp: ({ principal }, { tool }, door) =>
      insufficientScope(principal.scopes, neededScopes(tools.callerScopes, tool), scopeChallenges[door]),
    changed: () => mcpDoor?.toolsChanged(),
    count: metrics.toolCall,
    store,
    clock,
    random,
    log,
  });
  const { catalogue, mcpDoor: mcpTools } = toolFeature;
  sources.mount(frame, catalogue.reload);
  audit.mount(frame, auth);
  mountAuthzen(frame, {
    publicUrl,
    issuer,
    role: settings.authzen.role,
    adminRole: auth.adminRole,
    decide: decideBy(policies.value.point.look), // counts nothing
    rolesOf: rbac.value.rolesOf,
    toolCall: (id, args) => {
      const entry = entryOf(id);
      return entry === undefined ? undefined : toolCall(entry, args);
    },
    remember: house.remember,
  });
  policies.value.mount(frame, {
    adminRole: auth.adminRole,
    past: requests?.past ?? (async () => []),
    toolById,
  });
  policies.value.onKilled(({ agent, reason }) => {
    frame.endStreams(({ principal }) => [principal.identity, principal.client, principal.subject].includes(agent));
    if (requests !== undefined) voidOfKilled(requests, agent, reason, log);
  });
  await toolFeature.mount(frame);
  rbac.value.mount(frame);
  await rbac.value.start();
  mcpDoor = await openMcp({
    frame,
    settings: mcp,
    toolbox: mcpTools,
    issuer,
    publicUrl,
    peopleLogIn: loginOn !== undefined,
    resource: mcpResource,
    version: world.version,
    isAllowedHost: allowedHosts(http, publicUrl),
    challenge: scopeChallenges.mcp,
    store,
    seal,
    traces,
    count: metrics.mcpOperation,
    settled: requests?.settled,
    clock,
    random,
    log,
  });
  requests?.mount(frame, house, { adminRole: auth.adminRole });
  const begun = await requests?.start();
  if (begun?.ok === false) {
    await store.close();
    return refuse({ why: 'settings', faults: [begun.refusal] });
  }
  await mountExchangeAdmin(
    frame,
    { tokenEndpoint: hop.breaker, upstreams: breakers.all, purge: hop.purge, kept: hop.kept },
    { store, adminRole: auth.adminRole },
  );
  await store.listen(sourcesChannel, () => void catalogue.reload(), catalogue.reload);
  if (pats !== undefined && pat !== undefined) {
    const audiences = [...auth.audiences, mcpResource, ...(edge?.audiences ?? [])];
    const asked = doorFor([...audiences, ...Object.keys(pat.introspectionClients)]);
    mountPatFeature(frame, house, pats, {
      settings: pat,
      issuer,
      adminRole: auth.adminRole,
      clock,
      identify: identifyBy({ ...doors, edge: asked }, rbac.value.rolesOf, pats.port),
    });
    pats.revocations.onRevoked(({ revocation, pat: ofPat }) => hop.drop(revocation, ofPat));
    if (requests !== undefined) voidOnRevocation(requests, pats.revocations.onRevoked, clock, log);
    await pats.start();
  }
  if (login !== undefined) {
    // What a logout at the identity provider ends here: each feature that keeps something of a session has its line.
    const listeners: readonly LogoutListener[] = [
      ...(logins === undefined ? [] : [logins.ended]),
      ...(pats === undefined ? [] : [pats.loggedOut]),
      ...(users === undefined ? [] : [users.ended]),
      rbac.value.ended,
    ];
    const { revocation: _ofAccessTokens, ...rules } = rulesFor([login.clientId]);
    const tokens = createLogoutTokenVerifier({ ...rules, replay: openLogoutReplay(store, clock) });
    mountBackchannelLogout(frame, { tokens, listeners, log });
  }
  if (login?.cliClientId !== undefined) {
    mountAuthDiscovery(frame, { issuer, clientId: login.cliClientId, scopes: login.cliScopes });
  }
  logins?.mount(frame);
  users?.mount(frame);
  const edgeDoors =
    edge === undefined
      ? undefined
      : openEdge({ settings: edge, audiences: edgeAudiences, house, server: frame.app.server, random, metrics, log });
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
      ...(pats === undefined
        ? []
        : [{ name: 'revocations', check: async () => ({ up: pats.revocations.hears(clock()) }) }]),
      { name: 'roles', check: async () => ({ up: rbac.value.hears() }) },
      { name: 'issuer keys', check: async () => ({ up: (await doors.rest.verifier.ready()).ok, data: { issuer } }) },
    ],
  });

  await sources.start();

  return ok({
    async listen() {
      audit.start();
      const url = await frame.app.listen({ host: http.host, port: http.port });
      const managementUrl = await managementApp.listen({ host: management.host, port: management.port });
      const grpcUrl = await edgeDoors?.listen();
      users?.start();
      log.info(
        { url, management_url: managementUrl, grpc_url: grpcUrl, issuer, identity_claim: auth.identityClaim ?? 'sub' },
        'keyturn is ready',
      );
      return { url, managementUrl, grpcUrl };
    },
    async close() {
      await Promise.all([frame.app.close(), managementApp.close(), edgeDoors?.close()]);
      sources.close();
      await pats?.close();
      users?.close();
      logins?.close();
      webhooks.close();
      rbac.value.close();
      await requests?.close();
      await Promise.all([idpFetch.close(), upstreamFetch.close(), world.telemetry?.close()]);
      await audit.close();
      await store.close();
    },
  });
}
