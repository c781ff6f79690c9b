import { expandRoles, type IdpState, lineageOf, type Role } from '../../model/index.ts';
import { forbidden, type Answer } from './answer.ts';
import type { RealmCall } from './call.ts';
import { managedRealm } from './managed-realm.ts';
import { type Admin, anyRole, type ManagementRole, may, type Needs } from './permissions.ts';

/**
 * Refuses to hand out administration roles that the caller does not have: whoever may manage users could otherwise
 * make themselves anything. `roleIds` are looked through with all that they include.
 */
export function refuseEscalation(call: RealmCall, roleIds: Iterable<string>): Answer | undefined {
  const { state } = call.context;
  const escalates = [...expandRoles(state, roleIds).values()].some((role) => !mayGrant(state, call.admin, role));
  return escalates ? forbidden : undefined;
}

/** The roles that membership gives: those of the groups and of all above them. */
export function rolesOfGroups(call: RealmCall, groupIds: readonly string[]): readonly string[] {
  return groupIds.flatMap((id) => lineageOf(call.context.state, id)).flatMap((group) => group.roleIds);
}

function mayGrant(state: IdpState, admin: Admin, role: Role): boolean {
  if (role.clientUuid === undefined) {
    const ofMaster = state.realms.get(role.realmId)?.realm === 'master';
    if (!ofMaster || (role.name !== 'admin' && role.name !== 'create-realm')) return true;
    return admin.hasMasterRole('admin') || (role.name === 'create-realm' && admin.hasMasterRole('create-realm'));
  }
  const client = state.clients.get(role.clientUuid);
  const managed = client === undefined ? undefined : managedRealm(state, client);
  // Roles of other clients give nothing here, and `realm-admin` gives what it includes.
  return (
    managed === undefined ||
    !isManagementRole(role.name) ||
    admin.has(managed, [role.name, ...(implied[role.name] ?? [])])
  );
}

/** Rights that whoever has the greater ones has as well. */
const implied: Partial<Record<ManagementRole, Needs>> = {
  'create-client': may.manageClients,
  'query-clients': may.viewClients,
  'query-groups': may.viewUsers,
  'query-realms': may.viewRealm,
  'query-users': may.viewUsers,
  'view-authorization': ['manage-authorization'],
  'view-clients': may.manageClients,
  'view-events': may.manageEvents,
  'view-identity-providers': may.manageIdentityProviders,
  'view-realm': may.manageRealm,
  'view-users': may.manageUsers,
};

function isManagementRole(name: string): name is ManagementRole {
  return name === 'impersonation' || anyRole.some((it) => it === name);
}
