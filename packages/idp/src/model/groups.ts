import { ok, type Result, refuse } from '@keyturn/protocol';
import { placeOf } from './group-place.ts';
import type { ModelRefusal } from './refusal.ts';
import type { Attributes } from './role.ts';
import type { IdpState } from './state.ts';
import type { Group } from './user.ts';

export interface NewGroup {
  readonly id?: string;
  readonly name: string;
  readonly description?: string;
  readonly parentId?: string;
  readonly attributes?: Attributes;
  readonly roleIds?: readonly string[];
}

/** Creates a group; names are unique among siblings. */
export function createGroup(state: IdpState, realmId: string, group: NewGroup): Result<Group, ModelRefusal> {
  if (childNamed(state, realmId, group.parentId, group.name) !== undefined) {
    return refuse({
      why: 'exists',
      what: group.parentId === undefined ? 'top-group' : 'sibling-group',
      name: group.name,
    });
  }
  return ok(
    state.groups.put({
      id: group.id ?? state.newUuid(),
      realmId,
      name: group.name,
      ...(group.description === undefined ? {} : { description: group.description }),
      ...(group.parentId === undefined ? {} : { parentId: group.parentId }),
      attributes: group.attributes ?? {},
      roleIds: group.roleIds ?? [],
    }),
  );
}

/** The children of a group, or the top-level groups. */
export function childrenOf(state: IdpState, realmId: string, parentId?: string): readonly Group[] {
  return state.groups.by(realmId, 'parent', parentId ?? '');
}

/** The child of a group, or the top-level group, with this name. One look, however many there are beside it. */
export function childNamed(
  state: IdpState,
  realmId: string,
  parentId: string | undefined,
  name: string,
): Group | undefined {
  return state.groups.by(realmId, 'place', placeOf({ parentId, name }))[0];
}

/** `/parent/child`. A slash within a name is not marked, as in Keycloak unless it is told to. */
export function groupPath(state: IdpState, group: Group): string {
  const parent = group.parentId === undefined ? undefined : state.groups.get(group.parentId);
  return parent === undefined ? `/${group.name}` : `${groupPath(state, parent)}/${group.name}`;
}

/**
 * A group by its path, with or without the leading slash. Since names may hold slashes, every way to read it is tried,
 * short names first.
 */
export function groupByPath(state: IdpState, realmId: string, path: string, parentId?: string): Group | undefined {
  const rest = path.replace(/^\//, '');
  for (let slash = rest.indexOf('/'); slash !== -1; slash = rest.indexOf('/', slash + 1)) {
    const group = childNamed(state, realmId, parentId, rest.slice(0, slash));
    const below = group === undefined ? undefined : groupByPath(state, realmId, rest.slice(slash), group.id);
    if (below !== undefined) return below;
  }
  return childNamed(state, realmId, parentId, rest);
}

/** The group and its ancestors, from the group upwards: their roles and attributes are inherited. */
export function lineageOf(state: IdpState, groupId: string): readonly Group[] {
  const line: Group[] = [];
  for (
    let it = state.groups.get(groupId);
    it !== undefined;
    it = it.parentId === undefined ? undefined : state.groups.get(it.parentId)
  ) {
    if (line.includes(it)) break;
    line.push(it);
  }
  return line;
}

/** Deletes a group and all below it; members leave. */
export function deleteGroup(state: IdpState, group: Group): void {
  state.transaction(() => {
    for (const child of childrenOf(state, group.realmId, group.id)) deleteGroup(state, child);
    for (const user of state.users.by(group.realmId, 'group', group.id)) {
      state.users.put({ ...user, groupIds: user.groupIds.filter((id) => id !== group.id) });
    }
    const realm = state.realms.get(group.realmId);
    if (realm?.defaultGroupIds.includes(group.id) === true) {
      state.realms.put({ ...realm, defaultGroupIds: realm.defaultGroupIds.filter((id) => id !== group.id) });
    }
    state.groups.delete(group.id);
  });
}
