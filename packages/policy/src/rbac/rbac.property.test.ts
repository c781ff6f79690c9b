import {
  type Arbitrary,
  array,
  assert,
  constant,
  constantFrom,
  integer,
  oneof,
  option,
  property,
  record,
  uniqueArray,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultActivation } from './activation.ts';
import { applyChange, type RbacChange } from './change.ts';
import { checkAccess } from './core.ts';
import { loadRbac } from './load.ts';
import { checkConstraints, emptyRbac, findViolation, type Rbac } from './model.ts';
import { coversPermission, parsePermission } from './permission.ts';
import { buildPermissionSet } from './permission-set.ts';
import {
  applyToReference,
  authorizedRolesFor,
  authorizedUsersOf,
  hasNoCycle,
  keepsDsd,
  keepsSsd,
  nothing,
  permissionsOfRole,
  type Reference,
} from './reference-model.ts';
import {
  assignedRoles,
  assignedUsers,
  authorizedRoles,
  authorizedUsers,
  rolePermissions,
  sessionPermissions,
  sessionRoles,
  userPermissions,
} from './review.ts';
import { planSync } from './sync.ts';
import { whoCan } from './who-can.ts';

const user = constantFrom('ann', 'bob', 'cyd');
const role = constantFrom('r0', 'r1', 'r2', 'r3', 'r4', 'r5');
const set = constantFrom('s0', 's1');
const session = constantFrom('n0', 'n1', 'n2');
const origin = constantFrom('manual' as const, 'synced' as const);
const permission = constantFrom('a.read', 'a.write', 'b.read', 'a.*', '*.read', '*', 'a.read@x', 'a.read@x*');
const cardinality = integer({ min: 1, max: 4 });
const roles = array(role, { maxLength: 4 });
const doing = <Name extends RbacChange['do']>(...names: readonly Name[]) => constantFrom(...names);

/** Any change, sensible or not; those that build something up are more frequent. */
const change: Arbitrary<RbacChange> = oneof(
  { weight: 1, arbitrary: record({ do: doing('addUser', 'deleteUser'), user }) },
  { weight: 1, arbitrary: record({ do: doing('addRole'), role, info: constant({}) }) },
  { weight: 1, arbitrary: record({ do: doing('deleteRole'), role }) },
  { weight: 8, arbitrary: record({ do: doing('assignUser'), user, role, origin, via: constant([]) }) },
  { weight: 3, arbitrary: record({ do: doing('deassignUser'), user, role, origin }) },
  { weight: 3, arbitrary: record({ do: doing('grantPermission', 'revokePermission'), role, permission }) },
  { weight: 6, arbitrary: record({ do: doing('addInheritance'), senior: role, junior: role }) },
  { weight: 2, arbitrary: record({ do: doing('deleteInheritance'), senior: role, junior: role }) },
  { weight: 5, arbitrary: record({ do: doing('createSsdSet', 'createDsdSet'), set, roles, cardinality }) },
  { weight: 2, arbitrary: record({ do: doing('addSsdRoleMember', 'addDsdRoleMember'), set, role }) },
  { weight: 2, arbitrary: record({ do: doing('deleteSsdRoleMember', 'deleteDsdRoleMember'), set, role }) },
  { weight: 1, arbitrary: record({ do: doing('deleteSsdSet', 'deleteDsdSet'), set }) },
  { weight: 2, arbitrary: record({ do: doing('setSsdSetCardinality', 'setDsdSetCardinality'), set, cardinality }) },
  { weight: 4, arbitrary: record({ do: doing('createSession'), user, session, roles }) },
  { weight: 1, arbitrary: record({ do: doing('deleteSession'), user, session }) },
  { weight: 12, arbitrary: record({ do: doing('addActiveRole', 'dropActiveRole'), user, session, role }) },
);

const begin: readonly RbacChange[] = [
  ...['ann', 'bob'].map((name) => ({ do: 'addUser' as const, user: name })),
  ...['r0', 'r1', 'r2', 'r3', 'r4'].map((name) => ({ do: 'addRole' as const, role: name, info: {} })),
  { do: 'createSsdSet', set: 's0', roles: ['r2', 'r3', 'r4'], cardinality: 2 },
  { do: 'createDsdSet', set: 's0', roles: ['r0', 'r1', 'r2'], cardinality: 2 },
  { do: 'createSession', user: 'ann', session: 'n0', roles: [] },
  ...['r0', 'r1', 'r2'].map((name) => ({
    do: 'assignUser' as const,
    user: 'ann',
    role: name,
    origin: 'manual' as const,
    via: [],
  })),
];
const history = array(change, { maxLength: 60, size: 'max' }).map((changes) => [...begin, ...changes]);

/** What the review functions say of everything. */
function reviewed(rbac: Rbac): object {
  const all = (names: Iterable<string>, ask: (name: string) => { ok: boolean; value?: unknown }): object =>
    Object.fromEntries([...names].toSorted().map((name) => [name, ask(name).value]));
  const users = [...rbac.users].map(([name]) => name);
  const sessions = [...rbac.sessions].map(([name]) => name);
  const named = (sets: Rbac['ssd']): object =>
    Object.fromEntries([...sets].map(([name, one]) => [name, [[...one.roles].toSorted(), one.cardinality]]));
  return {
    assignedRoles: all(users, (name) => assignedRoles(rbac, name)),
    authorizedRoles: all(users, (name) => authorizedRoles(rbac, name)),
    userPermissions: all(users, (name) => userPermissions(rbac, name)),
    assignedUsers: all(rbac.roles.keys(), (name) => assignedUsers(rbac, name)),
    authorizedUsers: all(rbac.roles.keys(), (name) => authorizedUsers(rbac, name)),
    rolePermissions: all(rbac.roles.keys(), (name) => rolePermissions(rbac, name)),
    sessionRoles: all(sessions, (name) => sessionRoles(rbac, name)),
    sessionPermissions: all(sessions, (name) => sessionPermissions(rbac, name)),
    ssd: named(rbac.ssd),
    dsd: named(rbac.dsd),
  };
}

/** The same of the reference. */
function expected(model: Reference): object {
  const all = (names: readonly string[], ask: (name: string) => readonly string[]): object =>
    Object.fromEntries(names.toSorted().map((name) => [name, [...new Set(ask(name))].toSorted()]));
  const ids = model.sessions.map((one) => one.session);
  const active = (id: string): readonly string[] => model.sessions.find((one) => one.session === id)?.roles ?? [];
  const named = (sets: Reference['ssd']): object =>
    Object.fromEntries(sets.map((one) => [one.set, [one.roles.toSorted(), one.cardinality]]));
  return {
    assignedRoles: all(model.users, (name) =>
      model.assigned.filter((pair) => pair.user === name).map((pair) => pair.role),
    ),
    authorizedRoles: all(model.users, (name) => authorizedRolesFor(model, name)),
    userPermissions: all(model.users, (name) =>
      authorizedRolesFor(model, name).flatMap((one) => permissionsOfRole(model, one)),
    ),
    assignedUsers: all(model.roles, (name) =>
      model.assigned.filter((pair) => pair.role === name).map((pair) => pair.user),
    ),
    authorizedUsers: all(model.roles, (name) => authorizedUsersOf(model, name)),
    rolePermissions: all(model.roles, (name) => permissionsOfRole(model, name)),
    sessionRoles: all(ids, active),
    sessionPermissions: all(ids, (id) => active(id).flatMap((one) => permissionsOfRole(model, one))),
    ssd: named(model.ssd),
    dsd: named(model.dsd),
  };
}

describe('the model of roles', () => {
  it('does, refuses and reviews as the standard’s definitions have it, whatever is asked in whatever order', () => {
    const seen = { done: 0, refused: 0, ssd: 0, dsd: 0, cycle: 0 };
    assert(
      property(history, (changes) => {
        let rbac = emptyRbac();
        let model = nothing();
        for (const one of changes) {
          const next = applyToReference(model, one);
          const done = applyChange(rbac, one);
          expect(done.ok, JSON.stringify([one, done.ok ? undefined : done.refusal])).toBe(next !== undefined);
          if (done.ok) {
            rbac = done.value;
            seen.done += 1;
          } else {
            seen.refused += 1;
            if (done.refusal.why in seen) seen[done.refusal.why as 'ssd'] += 1;
          }
          model = next ?? model;
        }
        expect(reviewed(rbac)).toEqual(expected(model));
      }),
      { numRuns: 400 },
    );
    // A property that never came to what it is about would prove nothing.
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(0);
  });

  it('never reaches a state that violates an SSD or a DSD set, or has a cycle', () => {
    assert(
      property(history, (changes) => {
        let rbac = emptyRbac();
        let model = nothing();
        for (const one of changes) {
          const done = applyChange(rbac, one);
          rbac = done.ok ? done.value : rbac;
          model = applyToReference(model, one) ?? model;
          expect(checkConstraints(rbac).ok).toBe(true);
          expect([hasNoCycle(model), keepsSsd(model), keepsDsd(model)]).toEqual([true, true, true]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('leaves the model before a change as it was', () => {
    assert(
      property(history, change, (changes, last) => {
        const rbac = play(changes);
        const before = reviewed(rbac);
        applyChange(rbac, last);
        expect(reviewed(rbac)).toEqual(before);
      }),
      { numRuns: 100 },
    );
  });

  it('comes out of rows as it went into them', () => {
    assert(
      property(history, (changes) => {
        const rbac = play(changes);
        const loaded = loadRbac({
          roles: rbac.roles,
          grants: [...rbac.grants].flatMap(([name, own]) => [...own.keys()].map((text) => [name, text] as const)),
          inheritance: [...rbac.hierarchy.juniors].flatMap(([senior, below]) =>
            [...below].map((junior) => [senior, junior] as const),
          ),
          ssd: [...rbac.ssd].map(([name, one]) => [name, [...one.roles], one.cardinality] as const),
          dsd: [...rbac.dsd].map(([name, one]) => [name, [...one.roles], one.cardinality] as const),
          users: [...rbac.users].map(([name]) => name),
          assignments: [...rbac.users].flatMap(([name, { assigned }]) =>
            [...assigned].map(([to, grounds]) => [name, to, grounds] as const),
          ),
          sessions: [...rbac.sessions].map(([id, one]) => [id, one.user, [...one.active]] as const),
        });
        expect(loaded.ok && reviewed(loaded.value)).toEqual(reviewed(rbac));
      }),
      { numRuns: 100 },
    );
  });

  it('allows in a session what one of the permissions of its active roles covers, and nothing else', () => {
    const asked = constantFrom('a.read', 'a.write', 'b.read', 'c.read', 'a.delete');
    const object = constantFrom('*', 'x', 'xy', 'y');
    assert(
      property(history, asked, object, (changes, operation, on) => {
        const rbac = play(changes);
        for (const [id] of rbac.sessions) {
          const texts = sessionPermissions(rbac, id);
          const wanted = texts.ok && texts.value.some((text) => covers(text, `${operation}@${on}`));
          expect(checkAccess(rbac, id, operation, on)).toEqual({ ok: true, value: wanted });
        }
        const able = new Set(whoCan(rbac, operation, on).map((path) => path.user));
        for (const [name] of rbac.users) {
          const texts = userPermissions(rbac, name);
          expect(texts.ok && texts.value.some((text) => covers(text, `${operation}@${on}`))).toBe(able.has(name));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('syncs to what the groups give but for what SSD sets refuse, and never touches what was given by hand', () => {
    assert(
      property(history, user, uniqueArray(role), option(role), (changes, name, wanted, taken) => {
        const rbac = play(changes);
        const known = wanted.filter((one) => rbac.roles.has(one));
        const mapped = known.map((one) => ({ role: one, via: ['/g'] }));
        const denied = new Map(taken === null ? [] : [[taken, 'review']]);
        const { next, report, changes: made } = planSync(rbac, name, mapped, denied);
        expect(checkConstraints(next).ok).toBe(true);
        const grounds = [...(next.users.get(name)?.assigned ?? [])];
        const synced = grounds.filter(([, one]) => one.synced).map(([one]) => one);
        const refused = report.refused.map((one) => one.role);
        expect([...synced, ...refused].toSorted()).toEqual(known.toSorted());
        const byHand = (of: Rbac): readonly string[] =>
          [...(of.users.get(name)?.assigned ?? [])].filter(([, one]) => one.manual).map(([one]) => one);
        expect(byHand(next).toSorted()).toEqual(byHand(rbac).toSorted());
        expect(report.outcome).toBe(made.length === 0 ? 'unchanged' : 'changed');
        expect(planSync(next, name, mapped, denied).changes).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('begins a session with nothing that breaks a DSD set, and with everything where none would be', () => {
    assert(
      property(history, user, (changes, name) => {
        const rbac = play(changes);
        const entry = rbac.users.get(name);
        const { active, held } = defaultActivation(rbac, entry);
        expect(findViolation(rbac.dsd, rbac.hierarchy.belowAll(active))).toBeUndefined();
        expect([...active, ...held].toSorted()).toEqual([...(entry?.assigned.keys() ?? [])].toSorted());
        if (findViolation(rbac.dsd, rbac.hierarchy.belowAll(entry?.assigned.keys() ?? [])) === undefined) {
          expect(held).toEqual([]);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a set of permissions', () => {
  it('allows what one of them covers, also after those that others cover were left out', () => {
    assert(
      property(array(permission), permission, (granted, asked) => {
        const set = buildPermissionSet(granted.map(read));
        const { operation, object } = read(asked);
        expect(set.allows(operation, object)).toBe(granted.some((one) => covers(one, asked)));
      }),
    );
  });
});

function play(changes: readonly RbacChange[]): Rbac {
  let rbac = emptyRbac();
  for (const one of changes) {
    const done = applyChange(rbac, one);
    if (done.ok) rbac = done.value;
  }
  return rbac;
}

function read(text: string) {
  const parsed = parsePermission(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.value;
}

function covers(granted: string, asked: string): boolean {
  return coversPermission(read(granted), read(asked));
}
