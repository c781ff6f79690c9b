import { expandRoles, type IdpState, type Role } from '../../model/index.ts';
import { forbidden, type Answer } from './answer.ts';
import type { RealmCall } from './call.ts';
import { anyRole, type Admin, type ManagementRole } from './permissions.ts';

/**
 * Refuses to hand out administration roles that the caller does not have: whoever may manage users could otherwise
 * make themselves anything. `roleIds` are looked through with all that they include.
 */
export function refuseEscalation(call: RealmCall, roleIds: Iterable<string>): Answer | undefined {
  const { state } = call.context;
  const escalates = [...expandRoles(state, roleIds).values()].some((role) => !mayGrant(state, call.admin, role));
  return escalates ? forbidden : undefined;
}

function mayGrant(state: IdpState, admin: Admin, role: Role): boolean {
  const home = state.realms.get(role.realmId);
  if (home === undefined) return false;
  if (role.clientUuid === undefined) {
    const powerful = home.realm === 'master' && (role.name === 'admin' || role.name === 'create-realm');
    return (
      !powerful || admin.hasMasterRole('admin') || admin.hasMasterRole(role.name === 'admin' ? 'admin' : 'create-realm')
    );
  }
  const clientId = state.clients.get(role.clientUuid)?.clientId ?? '';
  const managed =
    home.realm === 'master' && clientId.endsWith('-realm')
      ? [...state.realms.all()].find((it) => `${it.realm}-realm` === clientId)
      : clientId === 'realm-management'
        ? home
        : undefined;
  // Roles of other clients give nothing here, and `realm-admin` gives what it includes.
  if (managed === undefined || !isManagementRole(role.name)) return true;
  return admin.has(managed, [role.name]);
}

function isManagementRole(name: string): name is ManagementRole {
  return anyRole.some((it) => it === name);
}
