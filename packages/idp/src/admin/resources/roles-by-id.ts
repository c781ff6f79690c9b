import { forbidden, featureOff, json, notFound } from '../frame/answer.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { roleReader, showRole } from '../representation/role.ts';
import { type OnRole, registerRoleComposites, type Rights } from './role-composites.ts';
import { changeRole, removeRole } from './roles.ts';

/** Roles by id, whatever they belong to. */
export function registerRolesById(routes: RealmRoutes): void {
  const onRole: OnRole =
    (handler) =>
    (call, ...rest) => {
      const role = call.context.state.roles.inRealm(call.realm.id, call.param('role'));
      if (role === undefined) return notFound('Could not find role with id');
      // Which right suffices depends on whose role it is.
      const manage = call.request.method !== 'GET';
      const needs =
        role.clientUuid === undefined
          ? manage
            ? may.manageRealm
            : may.viewRealm
          : manage
            ? may.manageClients
            : may.viewClients;
      return call.admin.has(call.realm, needs) ? handler(call, role, ...rest) : forbidden;
    };
  const rights: Rights = {
    view: [...may.viewRealm, ...may.viewClients],
    manage: [...may.manageRealm, ...may.manageClients],
    records: 'REALM_ROLE',
  };
  const one = '/roles-by-id/:role';
  routes.get(
    one,
    rights.view,
    onRole((_call, role) => json(showRole(role))),
  );
  routes.put(one, { needs: rights.manage, records: 'REALM_ROLE', body: roleReader }, onRole(changeRole));
  routes.delete(one, { needs: rights.manage, records: 'REALM_ROLE' }, onRole(removeRole));
  routes.get(
    `${one}/management/permissions`,
    rights.view,
    onRole(() => featureOff),
  );
  registerRoleComposites(routes, one, rights, onRole);
}
