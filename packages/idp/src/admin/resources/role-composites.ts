import type { Role } from '../../model/index.ts';
import { type Answer, json, noContent, notFound } from '../frame/answer.ts';
import { pageOf, type RealmCall, textOf } from '../frame/call.ts';
import { refuseEscalation } from '../frame/escalation.ts';
import type { Needs } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { type RoleRepresentation, roleListReader, showBriefRole } from '../representation/role.ts';

/** Finds the role that a path names. */
export type OnRole = <Rest extends readonly unknown[]>(
  handler: (call: RealmCall, role: Role, ...rest: Rest) => Answer,
) => (call: RealmCall, ...rest: Rest) => Answer;

export interface Rights {
  readonly view: Needs;
  readonly manage: Needs;
  readonly records: 'REALM_ROLE' | 'CLIENT_ROLE';
}

/** What a role includes: all, those of the realm, those of one client; add and take away. */
export function registerRoleComposites(routes: RealmRoutes, one: string, rights: Rights, onRole: OnRole): void {
  const path = `${one}/composites`;
  const change = { needs: rights.manage, records: rights.records, body: roleListReader } as const;
  routes.get(
    path,
    rights.view,
    onRole((call, role) => json(pageOf(call, included(call, role)).map(showBriefRole))),
  );
  routes.get(
    `${path}/realm`,
    rights.view,
    onRole((call, role) =>
      json(
        included(call, role)
          .filter((it) => it.clientUuid === undefined)
          .map(showBriefRole),
      ),
    ),
  );
  routes.get(
    `${path}/clients/:container`,
    rights.view,
    onRole((call, role) =>
      json(
        included(call, role)
          .filter((it) => it.clientUuid === call.param('container'))
          .map(showBriefRole),
      ),
    ),
  );
  routes.post(path, { ...change, as: 'CREATE' }, onRole(addComposites));
  routes.delete(
    path,
    change,
    onRole((call, role, given) => {
      const gone = given.map((it) => it.id);
      call.context.state.roles.put({ ...role, compositeIds: role.compositeIds.filter((id) => !gone.includes(id)) });
      return noContent;
    }),
  );
}

function included(call: RealmCall, role: Role): readonly Role[] {
  const search = textOf(call, 'search')?.toLowerCase();
  return role.compositeIds
    .flatMap((id) => call.context.state.roles.get(id) ?? [])
    .filter((it) => search === undefined || it.name.toLowerCase().includes(search));
}

function addComposites(call: RealmCall, role: Role, given: readonly RoleRepresentation[]): Answer {
  const { state } = call.context;
  const ids: string[] = [];
  for (const it of given) {
    const found = it.id === undefined ? undefined : state.roles.inRealm(call.realm.id, it.id);
    if (found === undefined) return notFound('Could not find composite role');
    ids.push(found.id);
  }
  const escalation = refuseEscalation(call, ids);
  if (escalation !== undefined) return escalation;
  state.roles.put({ ...role, compositeIds: [...new Set([...role.compositeIds, ...ids])] });
  return noContent;
}
