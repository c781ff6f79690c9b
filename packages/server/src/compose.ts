import { foldName } from '@keyturn/policy';
import { createGuardedFetch } from '@keyturn/net';
import { ok, type Result, refuse, seconds } from '@keyturn/protocol';
import { openStore } from '@keyturn/store';
import { explain } from '@keyturn/verify';
import { openOutbound } from './compose/outbound.ts';
import { openPeople, type People } from './compose/people.ts';
import type { ComposeFault, Service } from './compose/service.ts';
import { openToolSide, type ToolSide } from './compose/tools.ts';
import { resolveSettings } from './config/resolve.ts';
import { sealKeysOf } from './config/seal.ts';
import type { Settings } from './config/schema.ts';
import { openAudit } from './features/audit/open-audit.ts';
import { mountAuthzen } from './features/authzen/routes.ts';
import { openEdge } from './features/edge/open-edge.ts';
import { openWebhooks } from './features/events/webhooks.ts';
import { mountExchangeAdmin } from './features/exchange/routes.ts';
import { createManagement } from './features/health/management.ts';
import { mountPatFeature } from './features/pats/mount.ts';
import { openPats } from './features/pats/open-pats.ts';
import { readOwnersFromKeycloak } from './features/pats/owners.ts';
import { namesToStop } from './features/policies/killed.ts';
import { openPolicies } from './features/policies/open-policies.ts';
import { openRbac } from './features/rbac/open-rbac.ts';
import { nobodyToAsk, voidingOnDeny, voidOfKilled, voidOnRevocation } from './features/requests/in-the-house.ts';
import { openRequests } from './features/requests/open-requests.ts';
import { lookUpTools } from './features/tools/look-up.ts';
import { allOf } from './http/all-of.ts';
import { challengesOf } from './http/challenges.ts';
import { openDoors } from './http/doors.ts';
import { createFrame } from './http/frame.ts';
import { allowedOrigins, publicUrlOf } from './http/origins.ts';
import { cutByPat } from './http/pat-limits.ts';
import { decideByRole } from './http/role-policy.ts';
import { buildRooms } from './http/rooms.ts';
import { identifyBy } from './http/who.ts';
import { migrations } from './migrations.ts';
import { createSeal } from './outside/seal.ts';
import type { World } from './outside/world.ts';

/**
 * The whole wiring, on one page: every part is built here by plain arguments, and every feature is mounted here.
 * Reading it from top to bottom is reading the architecture. Three groups have a page of their own: `compose/outbound.ts`
 * (fetches, the exchange, mail), `compose/people.ts` (logins, users, sessions), `compose/tools.ts` (sources, tools, MCP).
 */
export async function compose(settings: Settings, world: World): Promise<Result<Service, ComposeFault>> {
  const { http, auth, mcp, edge } = settings;
  const { clock, random, log } = world;
  const { adminRole } = auth;
  const resolved = resolveSettings(settings);
  if (!resolved.ok) return refuse({ why: 'settings', faults: resolved.refusal });
  const { idp, pat, login } = resolved.value;
  const { issuer, tokenEndpoint, backchannel } = idp;
  const publicUrl = publicUrlOf(http);
  const mcpResource = mcp.resource ?? `${publicUrl}${mcp.path}`;

  // Whatever is opened from here on is closed in reverse order: when the service is, or when it cannot be built.
  await using opened = new AsyncDisposableStack();
  const store = await openStore({ url: settings.store.url, clock, random });
  opened.defer(() => store.close());
  await store.migrate(migrations);

  // The audit: rows of calls, signed checkpoints over all chains.
  const sealKeys = sealKeysOf(settings);
  const seal = sealKeys.length === 0 ? undefined : createSeal(sealKeys, random);
  const audit = await openAudit({ settings: settings.audit, store, seal, clock, log });
  opened.defer(audit.close);

  // Whatever goes out: to the identity provider, to upstreams that users name, by mail.
  const outbound = openOutbound(settings, resolved.value, world);
  opened.defer(outbound.close);
  const { idpFetch, clients, send, hop, traces, metrics } = outbound;
  const shared = { settings, issuer, adminRole, publicUrl, store, clock, random, metrics, log };

  // Safety policies: what agents may do, beside what roles allow.
  const openedPolicies = await openPolicies({ ...shared, settings: settings.policies });
  if (!openedPolicies.ok) return refuse({ why: 'settings', faults: openedPolicies.refusal });
  const policies = openedPolicies.value;

  // Personal access tokens: what is revoked is asked of by every verifier, opaque ones come in by a port of the first room.
  const pats =
    pat &&
    openPats({
      ...shared,
      resolved: pat,
      login: clients.login,
      exchange: clients.exchange,
      ownAudiences: new Set([...auth.audiences, mcpResource]),
      grantUrl: async (owner) => (await people?.grantUrl(owner)) ?? publicUrl,
      send,
      fetch: idpFetch,
    });
  opened.defer(() => pats?.close());

  // Roles: the token's, and those that groups and people have given, as every request and every reviewer sees them.
  const openedRbac = await openRbac({ ...shared, settings: settings.rbac });
  if (!openedRbac.ok) return refuse({ why: 'settings', faults: openedRbac.refusal });
  const rbac = openedRbac.value;
  const { rolesOf } = rbac;
  opened.defer(rbac.close);

  // verify: one verifier a door, since each door accepts tokens for its own audience only.
  const revocation = pats?.port.revocation;
  const entrance = openDoors({ settings, idp, publicUrl, mcpResource, fetch: idpFetch, clock, revocation });
  const { doors } = entrance;
  // Without the issuer there is nothing to do, unless somebody may break the glass: then it is asked again at each check.
  const reached = await doors.rest.verifier.ready();
  if (!reached.ok) {
    const message = explain(reached.refusal);
    if (settings.breakGlass === undefined) return refuse({ why: 'oidc', issuer, message });
    log.error({ issuer, reason: message }, 'the issuer cannot be used: only break-glass works until it can');
  }

  // Who judges a call: roles, then safety policies, cut to what a personal access token may do.
  let toolSide: ToolSide | undefined;
  const lookup = lookUpTools(() => toolSide?.catalogue());
  const judgeBy = (policy: typeof decideByRole) => cutByPat(allOf(decideByRole, policy), lookup.changesNothing);
  const decide = judgeBy(policies.point.decide);
  const requests =
    settings.requests &&
    openRequests({
      ...shared,
      settings: settings.requests,
      identityClaim: auth.identityClaim,
      decide,
      decideAgain: (caller, action, version) =>
        judgeBy((who, what) => policies.point.again(who, what, version))(caller, action),
      rolesOf,
      readPerson: pats?.readOwner ?? (clients.sync && readOwnersFromKeycloak(clients.sync)),
      checkArguments: lookup.checkArguments,
      toolById: lookup.toolById,
      lease: seconds(http.deadline + settings.tools.timeout + 30),
      send,
      readFile: world.readFile,
    });
  opened.defer(() => requests?.close());

  // The six rooms: who → may they → two keys → next hop → (do it) → remember.
  const house = buildRooms({
    identify: identifyBy(doors, rolesOf, pats?.port),
    decide: requests === undefined ? decide : voidingOnDeny(decide, requests.gate),
    ...(requests?.gate ?? nobodyToAsk),
    exchange: hop.exchange,
    forget: hop.forget,
    remember: audit.rememberWith(hop.delegationOf),
  });

  const webhooks = openWebhooks({
    ...shared,
    settings: settings.events,
    fetch: opened.use(createGuardedFetch({ allowPrivateHosts: settings.events?.allowedHosts ?? [] })),
  });
  opened.defer(webhooks.close);
  const people: People | undefined =
    login &&
    openPeople({
      ...shared,
      ...outbound,
      ...entrance,
      login,
      house,
      rbac,
      pats,
      backchannel,
      announce: webhooks.announce,
    });
  opened.defer(() => people?.close());

  const challenges = challengesOf(settings, publicUrl, mcpResource);
  const frame = createFrame({
    ...shared,
    ...http,
    house,
    sessions: people?.sessions,
    traces,
    isAllowedOrigin: allowedOrigins(http, publicUrl),
    metadataUrl: (door) => challenges[door].metadataUrl,
    scopesOf: (door) => challenges[door].scopes,
  });
  toolSide = await openToolSide({
    ...shared,
    ...outbound,
    house,
    mcpResource,
    challenges,
    tokenEndpoint,
    seal,
    peopleLogIn: people !== undefined,
    settled: requests?.settled,
    version: world.version,
  });
  opened.defer(toolSide.close);

  // Features. What one needs of another is a port, filled here.
  audit.mount(frame, auth);
  mountAuthzen(frame, {
    ...shared,
    role: settings.authzen.role,
    decide: judgeBy(policies.point.look), // counts nothing
    rolesOf,
    toolCall: lookup.callOf,
    remember: house.remember,
  });
  policies.mount(frame, { adminRole, past: requests?.past ?? (async () => []), toolById: lookup.toolById });
  policies.onKilled(({ agent, reason }) => {
    frame.endStreams(({ principal }) => namesToStop(principal).includes(foldName(agent)));
    if (requests !== undefined) voidOfKilled(requests, agent, reason, log);
  });
  rbac.mount(frame);
  await rbac.start();
  await toolSide.mount(frame);
  requests?.mount(frame, house, { adminRole });
  const begun = await requests?.start();
  if (begun?.ok === false) return refuse({ why: 'settings', faults: [begun.refusal] });
  await mountExchangeAdmin(frame, outbound.exchangeAdmin, { store, adminRole });
  if (pats !== undefined) {
    const audiences = [...auth.audiences, mcpResource, ...(edge?.audiences ?? [])];
    mountPatFeature(frame, house, pats, { ...shared, ...entrance, rolesOf, audiences });
    pats.revocations.onRevoked(({ revocation, pat: ofPat }) => hop.drop(revocation, ofPat));
    if (requests !== undefined) voidOnRevocation(requests, pats.revocations.onRevoked, clock, log);
    await pats.start();
  }
  people?.mount(frame);
  const { audiences } = doors.edge;
  const edgeDoors = edge && openEdge({ ...shared, settings: edge, audiences, house, server: frame.app.server });
  const managementApp = createManagement({
    ...shared,
    checks: [
      { name: 'store', check: () => store.ping().then(() => ({ up: true })) },
      ...(pats === undefined
        ? []
        : [{ name: 'revocations', check: async () => ({ up: pats.revocations.hears(clock()) }) }]),
      { name: 'roles', check: async () => ({ up: rbac.hears() }) },
      { name: 'issuer keys', check: async () => ({ up: (await doors.rest.verifier.ready()).ok, data: { issuer } }) },
    ],
  });
  opened.defer(async () => {
    await Promise.all([frame.app.close(), managementApp.close(), edgeDoors?.close()]);
  });

  await toolSide.start();

  const running = opened.move();
  return ok({
    async listen() {
      audit.start();
      const url = await frame.app.listen({ host: http.host, port: http.port });
      const managementUrl = await managementApp.listen(settings.management);
      const grpcUrl = await edgeDoors?.listen();
      people?.start();
      log.info(
        { url, management_url: managementUrl, grpc_url: grpcUrl, issuer, identity_claim: auth.identityClaim ?? 'sub' },
        'keyturn is ready',
      );
      return { url, managementUrl, grpcUrl };
    },
    async close() {
      await running.disposeAsync();
      await world.telemetry?.close();
    },
  });
}
