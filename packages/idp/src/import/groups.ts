import { createGroup, type Group, type IdpState, type ModelRefusal, type Realm } from '../model/index.ts';
import type { GroupRepresentation } from '../admin/representation/group.ts';
import { attributesOf } from '../admin/representation/role.ts';
import type { Must } from './all-or-nothing.ts';
import { roleIdsOf } from './roles.ts';

/** Creates a group with its roles and all below it. */
export function importGroup(
  state: IdpState,
  realm: Realm,
  given: GroupRepresentation,
  must: Must<ModelRefusal>,
  parent?: Group,
): Group {
  const group = must(
    createGroup(state, realm.id, {
      name: given.name ?? '',
      ...(given.id === undefined || state.groups.get(given.id) !== undefined ? {} : { id: given.id }),
      ...(given.description === undefined ? {} : { description: given.description }),
      ...(parent === undefined ? {} : { parentId: parent.id }),
      attributes: attributesOf(given.attributes) ?? {},
      roleIds: roleIdsOf(state, realm, given),
    }),
  );
  for (const child of given.subGroups ?? []) importGroup(state, realm, child, must, group);
  return group;
}
