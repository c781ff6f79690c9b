import { childrenOf, type Group, lineageOf } from '../../model/index.ts';
import { type Answer, json } from '../frame/answer.ts';
import { flagOf, pageOf, type RealmCall, textOf } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import { showBriefGroup, showGroup } from '../representation/group.ts';

/** What the caller may do with a group; groups of one realm do not differ in that. */
export function accessOf(call: RealmCall): object {
  const manage = call.admin.has(call.realm, may.manageUsers);
  const view = manage || call.admin.has(call.realm, may.viewUsers);
  return { view, viewMembers: view, manageMembers: manage, manage, manageMembership: manage };
}

/** `GET /groups`: the top level, or with `search` every match below its ancestors. */
export function listGroups(call: RealmCall): Answer {
  if (!call.admin.has(call.realm, may.viewUsers)) return json([]);
  const { state } = call.context;
  const show = flagOf(call, 'briefRepresentation', true) ? showBriefGroup : showGroup;
  const wanted = textOf(call, 'search');
  const withAccess = (group: Group, children: readonly object[] = []): object => ({
    ...show(state, group, children),
    access: accessOf(call),
  });
  if (wanted === undefined) {
    const top = childrenOf(state, call.realm.id).toSorted(byName);
    return json(pageOf(call, top).map((it) => withAccess(it)));
  }
  const exact = flagOf(call, 'exact', false);
  const found = state.groups
    .ofRealm(call.realm.id)
    .filter((it) => (exact ? it.name === wanted : it.name.toLowerCase().includes(wanted.toLowerCase())))
    .toSorted(byName);
  if (!flagOf(call, 'populateHierarchy', true)) return json(pageOf(call, found).map((it) => withAccess(it)));
  // Each match hangs below its ancestors; a tree that has several matches comes once.
  const kept = new Set(found.flatMap((it) => lineageOf(state, it.id)).map((it) => it.id));
  const tree = (group: Group): object =>
    withAccess(
      group,
      childrenOf(state, call.realm.id, group.id)
        .filter((it) => kept.has(it.id))
        .toSorted(byName)
        .map(tree),
    );
  const roots = childrenOf(state, call.realm.id)
    .filter((it) => kept.has(it.id))
    .toSorted(byName);
  return json(pageOf(call, roots).map(tree));
}

/** Lists are in the order of names. */
export function byName(a: Group, b: Group): number {
  return a.name < b.name ? -1 : 1;
}

/** `GET /groups/count`. */
export function countGroups(call: RealmCall): Answer {
  const search = textOf(call, 'search')?.toLowerCase();
  const groups = flagOf(call, 'top', false)
    ? childrenOf(call.context.state, call.realm.id)
    : call.context.state.groups.ofRealm(call.realm.id);
  return json({ count: groups.filter((it) => search === undefined || it.name.toLowerCase().includes(search)).length });
}
