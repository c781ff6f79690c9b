import {
  childNamed,
  childrenOf,
  createGroup,
  deleteGroup,
  type Group,
  groupByPath,
  groupPath,
  lineageOf,
} from '../../model/index.ts';
import { type Answer, created, done, featureOff, json, message, noContent, notFound } from '../frame/answer.ts';
import { flagOf, pageOf, type RealmCall, textOf } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import { answerModelRefusal } from '../frame/refusals.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { attributesOf } from '../representation/role.ts';
import {
  type GroupRepresentation,
  groupReader,
  showBriefGroup,
  showGroup,
  showGroupOfUser,
} from '../representation/group.ts';
import { showBriefUser, showUser } from '../representation/user.ts';
import { accessOf, byName, countGroups, listGroups } from './group-search.ts';

/** A handler of one group, which the path names by its id. */
export function withGroup<Rest extends readonly unknown[]>(
  handler: (call: RealmCall, group: Group, ...rest: Rest) => Answer,
  unknown = 'Could not find group by id',
): (call: RealmCall, ...rest: Rest) => Answer {
  return (call, ...rest) => {
    const group = call.context.state.groups.inRealm(call.realm.id, call.param('group'));
    return group === undefined ? notFound(unknown) : handler(call, group, ...rest);
  };
}

/** Groups: the tree, its members, and the groups that new users join. */
export function registerGroups(routes: RealmRoutes): void {
  const change = { needs: may.manageUsers, records: 'GROUP' } as const;
  routes.get('/groups', may.listGroups, listGroups);
  routes.get('/groups/count', may.listGroups, countGroups);
  routes.post('/groups', { ...change, body: groupReader }, createTop);
  routes.get(
    '/groups/:group',
    may.viewUsers,
    withGroup((call, group) => json({ ...showGroup(call.context.state, group), access: accessOf(call) })),
  );
  routes.put('/groups/:group', { ...change, body: groupReader }, withGroup(changeOne));
  routes.delete(
    '/groups/:group',
    change,
    withGroup((call, group) => {
      deleteGroup(call.context.state, group);
      return done({ id: group.id, name: group.name, subGroups: [] });
    }),
  );
  routes.get('/groups/:group/children', may.viewUsers, withGroup(listChildren));
  routes.post('/groups/:group/children', { ...change, body: groupReader }, withGroup(addChild));
  routes.get('/groups/:group/members', may.viewUsers, withGroup(listMembers));
  routes.get(
    '/groups/:group/management/permissions',
    may.viewUsers,
    withGroup(() => featureOff),
  );
  routes.get('/group-by-path/*', may.viewUsers, (call) => {
    const group = groupByPath(call.context.state, call.realm.id, call.param('*'));
    return group === undefined ? notFound('Group path does not exist') : json(showGroup(call.context.state, group));
  });

  routes.get('/default-groups', may.viewRealm, (call) =>
    json(
      call.realm.defaultGroupIds.flatMap((id) => {
        const group = call.context.state.groups.get(id);
        return group === undefined ? [] : [showGroupOfUser(call.context.state, group, true)];
      }),
    ),
  );
  const defaults = { needs: may.manageRealm, records: 'GROUP' } as const;
  routes.put(
    '/default-groups/:group',
    { ...defaults, as: 'CREATE' },
    withGroup((call, group) => {
      const ids = new Set([...call.realm.defaultGroupIds, group.id]);
      call.context.state.realms.put({ ...call.realm, defaultGroupIds: [...ids] });
      return noContent;
    }, 'Group not found'),
  );
  routes.delete(
    '/default-groups/:group',
    defaults,
    withGroup((call, group) => {
      const ids = call.realm.defaultGroupIds.filter((id) => id !== group.id);
      call.context.state.realms.put({ ...call.realm, defaultGroupIds: ids });
      return noContent;
    }, 'Group not found'),
  );
}

// Roles and subgroups in the body are ignored, as in Keycloak: they have endpoints of their own.
function createTop(call: RealmCall, given: GroupRepresentation): Answer {
  if (given.name === undefined || given.name === '') return message(400, 'Group name is missing');
  const made = createGroup(call.context.state, call.realm.id, newGroupOf(call, given));
  return made.ok
    ? created(['groups', made.value.id], { ...given, id: made.value.id, subGroups: [] })
    : answerModelRefusal(made.refusal);
}

function newGroupOf(call: RealmCall, given: GroupRepresentation): Parameters<typeof createGroup>[2] {
  const free = given.id !== undefined && call.context.state.groups.get(given.id) === undefined;
  return {
    name: given.name ?? '',
    ...(free && given.id !== undefined ? { id: given.id } : {}),
    ...(given.description === undefined ? {} : { description: given.description }),
    attributes: attributesOf(given.attributes) ?? {},
  };
}

function changeOne(call: RealmCall, group: Group, given: GroupRepresentation): Answer {
  const { state } = call.context;
  const name = given.name ?? '';
  if (name === '') return message(400, 'Group name is missing');
  const same = childNamed(state, call.realm.id, group.parentId, name);
  if (same !== undefined && same.id !== group.id) return message(409, `Sibling group named '${name}' already exists.`);
  const attributes = attributesOf(given.attributes);
  state.groups.put({
    ...group,
    name,
    ...(given.description === undefined ? {} : { description: given.description }),
    ...(attributes === undefined ? {} : { attributes }),
  });
  return noContent;
}

function listChildren(call: RealmCall, group: Group): Answer {
  const { state } = call.context;
  const show = flagOf(call, 'briefRepresentation', false) ? showBriefGroup : showGroup;
  const wanted = textOf(call, 'search')?.toLowerCase();
  const children = childrenOf(state, call.realm.id, group.id)
    .filter((it) => wanted === undefined || it.name.toLowerCase().includes(wanted))
    .toSorted(byName);
  return json(pageOf(call, children, 10).map((it) => ({ ...show(state, it), access: accessOf(call) })));
}

/** Creates a child, or moves a group here if the body names one by its id. */
function addChild(call: RealmCall, parent: Group, given: GroupRepresentation): Answer {
  const { state } = call.context;
  const moved = given.id === undefined ? undefined : state.groups.inRealm(call.realm.id, given.id);
  if (moved !== undefined) return moveTo(call, parent, moved);
  if (given.name === undefined || given.name === '') return message(400, 'Group name is missing');
  const made = createGroup(state, call.realm.id, { ...newGroupOf(call, given), parentId: parent.id });
  if (!made.ok) return answerModelRefusal(made.refusal);
  const { id, name, attributes } = made.value;
  const path = groupPath(state, made.value);
  const body = {
    id,
    name,
    path,
    parentId: parent.id,
    subGroups: [],
    attributes,
    realmRoles: [],
    clientRoles: {},
    access: accessOf(call),
  };
  const recordedPath = `groups/${parent.id}/children`;
  return {
    ...created(['groups', id], { ...given, id, subGroups: [] }),
    recordedPath,
    body,
    contentType: 'application/json',
  };
}

function moveTo(call: RealmCall, parent: Group, group: Group): Answer {
  const { state } = call.context;
  if (group.parentId === parent.id) return noContent;
  if (lineageOf(state, parent.id).some((it) => it.id === group.id))
    return message(400, 'Group cannot be moved below itself');
  if (childNamed(state, call.realm.id, parent.id, group.name) !== undefined)
    return message(409, `Sibling group named '${group.name}' already exists.`);
  state.groups.put({ ...group, parentId: parent.id });
  return noContent;
}

function listMembers(call: RealmCall, group: Group): Answer {
  const users = call.context.state.users
    .by(call.realm.id, 'group', group.id)
    .toSorted((a, b) => (a.username < b.username ? -1 : 1));
  const brief = flagOf(call, 'briefRepresentation', false);
  return json(pageOf(call, users, 100).map((it) => (brief ? showBriefUser(it) : showUser(call.realm, it))));
}
