import { childrenOf, type Group, groupPath, type IdpState } from '../../model/index.ts';
import { anything, identifier, integer, list, mapOf, name, object, type Reader, text, texts } from '../json/shape.ts';

/** Keycloak's GroupRepresentation. */
export interface GroupRepresentation {
  readonly id?: string;
  readonly name?: string;
  readonly description?: string;
  readonly path?: string;
  readonly parentId?: string;
  readonly attributes?: Readonly<Record<string, readonly string[] | null>>;
  readonly realmRoles?: readonly string[];
  readonly clientRoles?: Readonly<Record<string, readonly string[] | null>>;
  readonly subGroups?: readonly GroupRepresentation[];
}

export const groupReader: Reader<GroupRepresentation> = object('GroupRepresentation', {
  id: identifier,
  name: name,
  description: text,
  path: text,
  parentId: text,
  subGroupCount: integer,
  attributes: mapOf(texts),
  realmRoles: texts,
  clientRoles: mapOf(texts),
  subGroups: (value, at, faults): readonly GroupRepresentation[] | undefined => list(groupReader)(value, at, faults),
  access: anything,
});

/** What lists show of a group; `subGroups` stays empty there. */
export function showBriefGroup(state: IdpState, group: Group, subGroups: readonly object[] = []): object {
  return { ...showPlace(state, group), subGroupCount: childrenOf(state, group.realmId, group.id).length, subGroups };
}

/** A group with attributes and the names of its roles. */
export function showGroup(state: IdpState, group: Group, subGroups: readonly object[] = []): object {
  return { ...showBriefGroup(state, group, subGroups), ...showContents(state, group) };
}

/** A group among those of a user: without the count of its children. */
export function showGroupOfUser(state: IdpState, group: Group, brief: boolean): object {
  return { ...showPlace(state, group), subGroups: [], ...(brief ? {} : showContents(state, group)) };
}

/** A group with all below it, as exports hold it. */
export function exportGroup(state: IdpState, group: Group): object {
  const children = childrenOf(state, group.realmId, group.id);
  return {
    ...showPlace(state, group),
    subGroups: children.map((it) => exportGroup(state, it)),
    ...showContents(state, group),
  };
}

function showPlace(state: IdpState, group: Group): object {
  return {
    id: group.id,
    name: group.name,
    ...(group.description === undefined ? {} : { description: group.description }),
    path: groupPath(state, group),
    ...(group.parentId === undefined ? {} : { parentId: group.parentId }),
  };
}

function showContents(state: IdpState, group: Group): object {
  return { attributes: group.attributes, ...roleNamesOf(state, group.roleIds) };
}

/** Roles by name, those of clients under the clientId. */
export function roleNamesOf(
  state: IdpState,
  roleIds: readonly string[],
): { readonly realmRoles: readonly string[]; readonly clientRoles: Readonly<Record<string, readonly string[]>> } {
  const realmRoles: string[] = [];
  const clientRoles = new Map<string, string[]>();
  for (const role of roleIds.flatMap((id) => state.roles.get(id) ?? [])) {
    const clientId = role.clientUuid === undefined ? undefined : state.clients.get(role.clientUuid)?.clientId;
    if (clientId === undefined) realmRoles.push(role.name);
    else clientRoles.set(clientId, [...(clientRoles.get(clientId) ?? []), role.name]);
  }
  return { realmRoles, clientRoles: Object.fromEntries(clientRoles) };
}
