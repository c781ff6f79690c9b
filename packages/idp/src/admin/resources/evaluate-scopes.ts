import { parseScopes } from '@keyturn/protocol';
import {
  type Client,
  effectiveRoles,
  expandRoles,
  findClient,
  type Role,
  rolesOf,
  type User,
  type UserSession,
} from '../../model/index.ts';
import { audiencesOf, buildAccessClaims } from '../../tokens/access-claims.ts';
import { claimsFor } from '../../tokens/mapped-claims.ts';
import type { TokenRequest } from '../../tokens/token-request.ts';
import { type GrantedScopes, grantScopes } from '../../tokens/scopes.ts';
import { type Answer, forbidden, json, notFound, refused } from '../frame/answer.ts';
import { type RealmCall, textOf } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { showBriefRole } from '../representation/role.ts';
import { withClient } from './clients.ts';

/** What a token of a client would hold, without logging anybody in. */
export function registerEvaluateScopes(routes: RealmRoutes): void {
  const base = '/clients/:client/evaluate-scopes';
  routes.get(`${base}/generate-example-access-token`, may.viewClients, withClient(exampleAccessToken));
  routes.get(`${base}/generate-example-id-token`, may.viewClients, withClient(exampleIdToken));
  routes.get(
    `${base}/generate-example-userinfo`,
    may.viewClients,
    withClient((call, client) =>
      preview(call, client, (request) =>
        json({ ...claimsFor(call.context, request, 'userinfo'), sub: request.user.id }),
      ),
    ),
  );
  routes.get(`${base}/protocol-mappers`, may.viewClients, withClient(mappers));
  routes.get(
    `${base}/scope-mappings/:container/granted`,
    may.viewClients,
    withClient((call, client) => scopeRoles(call, client, true)),
  );
  routes.get(
    `${base}/scope-mappings/:container/not-granted`,
    may.viewClients,
    withClient((call, client) => scopeRoles(call, client, false)),
  );
}

function exampleAccessToken(call: RealmCall, client: Client): Answer {
  return preview(call, client, (request) => {
    const whole = buildAccessClaims(call.context, request);
    // A name that is no client is passed over; a client that the token would not have is named.
    const asked = call.query
      .getAll('audience')
      .filter((name) => findClient(call.context.state, call.realm.id, name) !== undefined);
    const missing = asked.find((name) => !audiencesOf(whole).includes(name));
    if (missing !== undefined) return notFound(`Requested audience not available: ${missing}`);
    const claims = asked.length === 0 ? whole : buildAccessClaims(call.context, { ...request, audiences: asked });
    // The letters of a grant that never was.
    return json({ ...claims, jti: `onrtna:${call.context.state.newUuid()}` });
  });
}

function exampleIdToken(call: RealmCall, client: Client): Answer {
  return preview(call, client, (request) => {
    const { exp, iat, iss, azp, sid } = buildAccessClaims(call.context, request);
    const claims = claimsFor(call.context, request, 'id');
    const aud = [client.clientId, ...audiencesOf(claims)];
    const head = { exp, iat, jti: call.context.state.newUuid(), iss, aud: aud.length === 1 ? aud[0] : aud };
    return json({ ...claims, ...head, sub: request.user.id, typ: 'ID', azp, sid });
  });
}

/** Runs with a token request that has a session of its own, which is stored nowhere. */
function preview(call: RealmCall, client: Client, show: (request: TokenRequest) => Answer): Answer {
  const { state, urls } = call.context;
  if (!call.admin.has(call.realm, may.viewUsers)) return forbidden;
  const userId = textOf(call, 'userId');
  if (userId === undefined) return notFound('No userId provided');
  const user = state.users.inRealm(call.realm.id, userId);
  if (user === undefined) return notFound('No user found');
  const scopes = grantScopes(state, client, scopeParameter(call, client), user, effectiveRoles(state, user));
  if (!scopes.ok)
    return refused(400, { error: 'invalid_scope', error_description: `Invalid scopes: ${scopes.refusal.scope}` });
  return show({
    realm: call.realm,
    client,
    user,
    issuer: urls.issuer(call.request, call.realm),
    session: sessionFor(call, user, client, scopes.value),
    kind: 'on',
    grant: 'ro',
    scopes: scopes.value,
    refresh: false,
    idToken: false,
  });
}

function sessionFor(call: RealmCall, user: User, client: Client, scopes: GrantedScopes): UserSession {
  const { state } = call.context;
  const now = state.now();
  return {
    id: Buffer.from(state.random(18)).toString('base64url'),
    realmId: call.realm.id,
    userId: user.id,
    started: now,
    lastAccess: now,
    ipAddress: call.context.urls.peerOf(call.request).address,
    rememberMe: false,
    authMethod: 'openid-connect',
    notes: {},
    clients: { [client.id]: { started: now, lastAccess: now, scope: scopes.text, notes: {} } },
  };
}

function mappers(call: RealmCall, client: Client): Answer {
  const scopes = grantScopes(call.context.state, client, scopeParameter(call, client));
  if (!scopes.ok)
    return refused(400, { error: 'invalid_scope', error_description: `Invalid scopes: ${scopes.refusal.scope}` });
  const containers = [
    { id: client.id, name: client.clientId, type: 'client', mappers: client.protocolMappers },
    ...scopes.value.scopes.map((it) => ({
      id: it.id,
      name: it.name,
      type: 'client-scope',
      mappers: it.protocolMappers,
    })),
  ];
  return json(
    containers.flatMap((container) =>
      container.mappers.map((mapper) => ({
        mapperId: mapper.id,
        mapperName: mapper.name,
        containerId: container.id,
        containerName: container.name,
        containerType: container.type,
        protocolMapper: mapper.protocolMapper,
      })),
    ),
  );
}

/** The roles of a container (the realm's name or a client) that tokens of this client may carry, or may not. */
function scopeRoles(call: RealmCall, client: Client, granted: boolean): Answer {
  const { state } = call.context;
  const container = call.param('container');
  const owner =
    container === call.realm.realm || container === call.realm.id
      ? undefined
      : state.clients.inRealm(call.realm.id, container);
  if (owner === undefined && container !== call.realm.realm && container !== call.realm.id)
    return notFound('Role Container not found');
  const scopes = grantScopes(state, client, scopeParameter(call, client));
  const scopeIds = scopes.ok ? scopes.value.scopes.flatMap((it) => it.scopeRoleIds) : [];
  const own = rolesOf(state, call.realm.id, client.id).map((role) => role.id);
  const mapped = expandRoles(state, [...own, ...client.scopeRoleIds, ...scopeIds]);
  const isGranted = (role: Role): boolean => client.fullScopeAllowed || mapped.has(role.id);
  return json(
    rolesOf(state, call.realm.id, owner?.id)
      .filter((role) => isGranted(role) === granted)
      .map(showBriefRole),
  );
}

/** The scopes asked for, without names that the client has not: a preview passes over them. */
function scopeParameter(call: RealmCall, client: Client): string {
  const { scopes } = call.context.state;
  const known = [...client.defaultScopeIds, ...client.optionalScopeIds].flatMap((id) => scopes.get(id)?.name ?? []);
  const asked = parseScopes(textOf(call, 'scope'));
  return asked.filter((name) => name === 'openid' || known.includes(name)).join(' ');
}
