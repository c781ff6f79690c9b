import { findClient, findRole, type IdpState, type Realm } from '../model/index.ts';
import type { RealmRepresentation, ScopeMappingRepresentation } from '../admin/representation/realm.ts';

/** Gives clients and client scopes the roles that their tokens may carry; names that are not there are passed over. */
export function importScopeMappings(state: IdpState, realm: Realm, given: RealmRepresentation): void {
  for (const mapping of given.scopeMappings ?? []) add(state, realm, mapping, undefined);
  for (const [clientId, mappings] of Object.entries(given.clientScopeMappings ?? {})) {
    const owner = findClient(state, realm.id, clientId);
    if (owner !== undefined) for (const mapping of mappings ?? []) add(state, realm, mapping, owner.id);
  }
}

function add(state: IdpState, realm: Realm, mapping: ScopeMappingRepresentation, owner: string | undefined): void {
  const roleIds = (mapping.roles ?? []).flatMap((name) => findRole(state, realm.id, name, owner)?.id ?? []);
  const client = mapping.client === undefined ? undefined : findClient(state, realm.id, mapping.client);
  if (client !== undefined) state.clients.put({ ...client, scopeRoleIds: union(client.scopeRoleIds, roleIds) });
  const scope = mapping.clientScope === undefined ? undefined : state.scopes.one(realm.id, 'name', mapping.clientScope);
  if (scope !== undefined) state.scopes.put({ ...scope, scopeRoleIds: union(scope.scopeRoleIds, roleIds) });
}

function union(before: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...before, ...more])];
}
