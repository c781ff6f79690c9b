import { type Group, groupPath, type User } from '../../model/index.ts';
import { type Answer, done, json, notFound } from '../frame/answer.ts';
import { flagOf, pageOf, type RealmCall, textOf } from '../frame/call.ts';
import { refuseEscalation, rolesOfGroups } from '../frame/escalation.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { showGroupOfUser } from '../representation/group.ts';
import { withUser } from './users.ts';

/** The groups of a user: list, join, leave. */
export function registerUserGroups(routes: RealmRoutes): void {
  const change = { needs: may.manageUsers, records: 'GROUP_MEMBERSHIP' } as const;
  routes.get(
    '/users/:user/groups',
    may.viewUsers,
    withUser((call, user) => {
      const brief = flagOf(call, 'briefRepresentation', true);
      return json(pageOf(call, groupsOf(call, user)).map((it) => showGroupOfUser(call.context.state, it, brief)));
    }),
  );
  routes.get(
    '/users/:user/groups/count',
    may.viewUsers,
    withUser((call, user) => json({ count: groupsOf(call, user).length })),
  );
  routes.put('/users/:user/groups/:group', { ...change, as: 'CREATE' }, withUser(join));
  routes.delete(
    '/users/:user/groups/:group',
    change,
    withUser((call, user) => {
      const { state } = call.context;
      const group = state.groups.inRealm(call.realm.id, call.param('group'));
      if (group === undefined) return notFound('Group not found');
      state.users.put({ ...user, groupIds: user.groupIds.filter((id) => id !== group.id) });
      return done(showGroupOfUser(state, group, false));
    }),
  );
}

function groupsOf(call: RealmCall, user: User): readonly Group[] {
  const { state } = call.context;
  const search = textOf(call, 'search')?.toLowerCase();
  return user.groupIds
    .flatMap((id) => state.groups.get(id) ?? [])
    .filter((it) => search === undefined || it.name.toLowerCase().includes(search))
    .toSorted((a, b) => (groupPath(state, a) < groupPath(state, b) ? -1 : 1));
}

function join(call: RealmCall, user: User): Answer {
  const { state } = call.context;
  const group = state.groups.inRealm(call.realm.id, call.param('group'));
  if (group === undefined) return notFound('Group not found');
  const escalation = refuseEscalation(call, rolesOfGroups(call, [group.id]));
  if (escalation !== undefined) return escalation;
  state.users.put({ ...user, groupIds: [...new Set([...user.groupIds, group.id])] });
  return done(showGroupOfUser(state, group, false));
}
