import { type Client, childrenOf, type IdpState, type Realm, rolesOf, serviceAccountOf } from '../../model/index.ts';
import { type Answer, forbidden, json } from '../frame/answer.ts';
import { flagOf, type RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { exportClient } from '../representation/client.ts';
import { exportComponent, keyProviderType } from '../representation/component.ts';
import { exportGroup } from '../representation/group.ts';
import { showRealm } from '../representation/realm.ts';
import { exportRole } from '../representation/role.ts';
import { showScope } from '../representation/scope.ts';
import { exportUser } from '../representation/user.ts';
import { exportFlows } from './authentication.ts';
import { keycloakVersion } from './server-info.ts';

/** `POST /partial-export`: the realm as a representation, with every secret masked and no people in it. */
export function registerPartialExport(routes: RealmRoutes): void {
  routes.post('/partial-export', { needs: may.manageRealm, records: 'none' }, partialExport);
}

function partialExport(call: RealmCall): Answer {
  const { state } = call.context;
  const { realm } = call;
  const withClients = flagOf(call, 'exportClients', false);
  const withGroups = flagOf(call, 'exportGroupsAndRoles', false);
  if (withClients && !call.admin.has(realm, may.viewClients)) return forbidden;
  if (withGroups && !call.admin.has(realm, may.viewUsers)) return forbidden;
  const clients = withClients ? exportClients(state, realm) : {};
  const groups = withGroups ? exportGroupsAndRoles(state, realm) : {};
  const names = (ids: readonly string[]): readonly string[] => ids.flatMap((id) => state.scopes.get(id)?.name ?? []);
  return {
    ...json({
      ...showRealm(state, realm),
      ...groups,
      ...clients,
      ...scopeMappings(state, realm, withClients ? state.clients.ofRealm(realm.id) : []),
      clientScopes: state.scopes.ofRealm(realm.id).map(showScope),
      defaultDefaultClientScopes: names(realm.defaultScopeIds),
      defaultOptionalClientScopes: names(realm.optionalScopeIds),
      components: exportComponents(state, realm),
      identityProviders: [],
      identityProviderMappers: [],
      authenticationFlows: exportFlows(realm),
      authenticatorConfig: [],
      requiredActions: realm.requiredActions,
      localizationTexts: {},
      keycloakVersion,
      ...realm.unsupported,
    }),
    contentType: 'application/json',
  };
}

function exportClients(state: IdpState, realm: Realm): object {
  const clients = state.clients.ofRealm(realm.id);
  const accounts = clients.flatMap((it) => serviceAccountOf(state, it) ?? []);
  return {
    clients: clients.map((it) => exportClient(state, it)),
    ...(accounts.length === 0 ? {} : { users: accounts.map((it) => exportUser(state, realm, it)) }),
  };
}

interface ScopeMapping {
  readonly client?: string;
  readonly clientScope?: string;
  readonly roles: readonly string[];
}

/** Which roles tokens may carry, realm roles apart from those of each client. */
function scopeMappings(state: IdpState, realm: Realm, clients: readonly Client[]): object {
  const ofRealm: ScopeMapping[] = [];
  const ofClients = new Map<string, ScopeMapping[]>();
  const collect = (who: Omit<ScopeMapping, 'roles'>, roleIds: readonly string[]): void => {
    const roles = roleIds.flatMap((id) => state.roles.get(id) ?? []);
    const realmRoles = roles.filter((it) => it.clientUuid === undefined).map((it) => it.name);
    if (realmRoles.length > 0) ofRealm.push({ ...who, roles: realmRoles });
    for (const uuid of new Set(roles.flatMap((it) => it.clientUuid ?? []))) {
      const owner = state.clients.get(uuid)?.clientId ?? '';
      const names = roles.filter((it) => it.clientUuid === uuid).map((it) => it.name);
      ofClients.set(owner, [...(ofClients.get(owner) ?? []), { ...who, roles: names }]);
    }
  };
  for (const it of clients) collect({ client: it.clientId }, it.scopeRoleIds);
  for (const it of state.scopes.ofRealm(realm.id)) collect({ clientScope: it.name }, it.scopeRoleIds);
  return {
    ...(ofRealm.length === 0 ? {} : { scopeMappings: ofRealm }),
    ...(ofClients.size === 0 ? {} : { clientScopeMappings: Object.fromEntries(ofClients) }),
  };
}

function exportGroupsAndRoles(state: IdpState, realm: Realm): object {
  const client = state.clients
    .ofRealm(realm.id)
    .map((it) => [it.clientId, rolesOf(state, realm.id, it.id).map((role) => exportRole(state, role))]);
  return {
    roles: {
      realm: rolesOf(state, realm.id).map((role) => exportRole(state, role)),
      client: Object.fromEntries(client),
    },
    groups: childrenOf(state, realm.id).map((it) => exportGroup(state, it)),
  };
}

function exportComponents(state: IdpState, realm: Realm): object {
  const byType = new Map<string, object[]>([[keyProviderType, state.keys.ofRealm(realm.id).map(exportComponent)]]);
  for (const it of state.components.ofRealm(realm.id)) {
    byType.set(it.providerType, [...(byType.get(it.providerType) ?? []), exportComponent(it)]);
  }
  return Object.fromEntries(byType);
}
