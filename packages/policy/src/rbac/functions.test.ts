import type { Result } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import * as rbac from './index.ts';

type Rbac = rbac.Rbac;
const must = <Value>(result: Result<Value, unknown>): Value => {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
};
/** Applies functions one after the other. */
const build = (...steps: readonly ((model: Rbac) => rbac.RbacResult)[]): Rbac =>
  steps.reduce((model, step) => must(step(model)), rbac.emptyRbac());
const why = (result: Result<unknown, { readonly why: string }>): string => (result.ok ? 'done' : result.refusal.why);

/** Editor above Viewer; ann edits, bob views; ann is in a session. */
const house = build(
  (m) => rbac.addRole(m, 'Viewer', { tier: 1 }),
  (m) => rbac.addRole(m, 'Editor', { tier: 4, staff: true }),
  (m) => rbac.addRole(m, 'Auditor'),
  (m) => rbac.addInheritance(m, 'Editor', 'Viewer'),
  (m) => rbac.grantPermission(m, 'Viewer', 'content.view'),
  (m) => rbac.grantPermission(m, 'Editor', 'content.publish@page:*'),
  (m) => rbac.grantPermission(m, 'Auditor', '*.audit'),
  (m) => rbac.addUser(m, 'ann'),
  (m) => rbac.addUser(m, 'bob'),
  (m) => rbac.assignUser(m, 'ann', 'Editor'),
  (m) => rbac.assignUser(m, 'bob', 'Viewer'),
  (m) => rbac.createSession(m, 'ann', 'n1', ['Editor']),
);

describe('core RBAC (level 1)', () => {
  it('AddUser, DeleteUser', () => {
    expect(why(rbac.addUser(house, 'ann'))).toBe('user-exists');
    expect(why(rbac.addUser(house, ' ann'))).toBe('malformed-name');
    const gone = must(rbac.deleteUser(house, 'ann'));
    expect([why(rbac.assignedRoles(gone, 'ann')), why(rbac.sessionRoles(gone, 'n1'))]).toEqual([
      'unknown-user',
      'unknown-session',
    ]);
    expect(why(rbac.deleteUser(gone, 'ann'))).toBe('unknown-user');
  });

  it('AddRole, DeleteRole', () => {
    expect(why(rbac.addRole(house, 'Editor'))).toBe('role-exists');
    const gone = must(rbac.deleteRole(house, 'Viewer'));
    expect(must(rbac.authorizedRoles(gone, 'ann'))).toEqual(['Editor']);
    expect(must(rbac.assignedRoles(gone, 'bob'))).toEqual([]);
    expect(why(rbac.deleteRole(gone, 'Viewer'))).toBe('unknown-role');
  });

  it.each(['', '.', '..', ' Editor', 'Edi\u0000tor', 'Edi\u202Etor', 'Cafe\u0301', 'x'.repeat(129)])(
    'knows no role named %j, whose text could be taken for another',
    (name) => expect(why(rbac.addRole(house, name))).toBe('malformed-name'),
  );

  it('AssignUser, DeassignUser: by hand and by groups apart', () => {
    expect(why(rbac.assignUser(house, 'ann', 'Editor'))).toBe('already-assigned');
    expect(why(rbac.assignUser(house, 'eve', 'Editor'))).toBe('unknown-user');
    expect(why(rbac.assignUser(house, 'ann', 'Emperor'))).toBe('unknown-role');
    const both = must(rbac.assignUser(house, 'ann', 'Editor', 'synced', ['/editors']));
    const byGroups = must(rbac.deassignUser(both, 'ann', 'Editor', 'manual'));
    expect(byGroups.users.get('ann')?.assigned.get('Editor')).toEqual({
      manual: false,
      synced: true,
      via: ['/editors'],
    });
    expect(why(rbac.deassignUser(byGroups, 'ann', 'Editor', 'manual'))).toBe('not-assigned');
    const none = must(rbac.deassignUser(both, 'ann', 'Editor'));
    expect(must(rbac.sessionRoles(none, 'n1'))).toEqual([]);
  });

  it('GrantPermission, RevokePermission', () => {
    expect(why(rbac.grantPermission(house, 'Viewer', 'content.view'))).toBe('already-granted');
    const wide = must(rbac.grantPermission(house, 'Viewer', 'content.*'));
    expect(why(rbac.revokePermission(wide, 'Viewer', 'content.delete'))).toBe('not-granted');
    const narrow = must(rbac.revokePermission(wide, 'Viewer', 'content.view'));
    expect(must(rbac.checkAccess(narrow, 'n1', 'content.view'))).toBe(true);
    const none = must(rbac.revokePermission(narrow, 'Viewer', 'content.*'));
    expect(must(rbac.checkAccess(none, 'n1', 'content.view'))).toBe(false);
  });

  it.each([
    'publish',
    'content.',
    '.publish',
    'content.publish.now',
    'Content.publish',
    'cont*.view',
    'a.b@',
    'a.b@x y',
    'a.b@x*y',
    'a.b,c.d',
    '**',
  ])('knows no permission %j', (text) =>
    expect(why(rbac.grantPermission(house, 'Viewer', text))).toBe('malformed-permission'),
  );

  it('CreateSession, DeleteSession', () => {
    expect(why(rbac.createSession(house, 'ann', 'n1', []))).toBe('session-exists');
    expect(why(rbac.createSession(house, 'bob', 'n2', ['Editor']))).toBe('not-authorized');
    expect(why(rbac.deleteSession(house, 'bob', 'n1'))).toBe('not-session-owner');
    expect(why(rbac.sessionRoles(must(rbac.deleteSession(house, 'ann', 'n1')), 'n1'))).toBe('unknown-session');
  });

  it('AddActiveRole, DropActiveRole', () => {
    expect(why(rbac.addActiveRole(house, 'ann', 'n1', 'Editor'))).toBe('already-active');
    expect(why(rbac.addActiveRole(house, 'ann', 'n1', 'Auditor'))).toBe('not-authorized');
    const both = must(rbac.addActiveRole(house, 'ann', 'n1', 'Viewer'));
    const viewing = must(rbac.dropActiveRole(both, 'ann', 'n1', 'Editor'));
    expect(must(rbac.sessionPermissions(viewing, 'n1'))).toEqual(['content.view']);
    expect(why(rbac.dropActiveRole(viewing, 'ann', 'n1', 'Editor'))).toBe('not-active');
  });

  it('CheckAccess: on the object that is named, on all where none is', () => {
    const allowed = (operation: string, object?: string) => must(rbac.checkAccess(house, 'n1', operation, object));
    expect([allowed('content.view'), allowed('content.view', 'page:7')]).toEqual([true, true]);
    expect([
      allowed('content.publish', 'page:7'),
      allowed('content.publish'),
      allowed('content.publish', 'post:7'),
    ]).toEqual([true, false, false]);
    expect([allowed('users.audit'), allowed('content.*'), allowed('*'), allowed('')]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(why(rbac.checkAccess(house, 'n9', 'content.view'))).toBe('unknown-session');
    expect([rbac.isPermitted(house, 'n1', 'content.view'), rbac.isPermitted(house, 'n9', 'content.view')]).toEqual([
      true,
      false,
    ]);
  });

  it('AssignedUsers, AssignedRoles', () => {
    expect(must(rbac.assignedUsers(house, 'Viewer'))).toEqual(['bob']);
    expect(must(rbac.assignedRoles(house, 'ann'))).toEqual(['Editor']);
  });

  it('RolePermissions, UserPermissions, SessionRoles, SessionPermissions', () => {
    const both = ['content.publish@page:*', 'content.view'];
    expect(must(rbac.rolePermissions(house, 'Editor'))).toEqual(both);
    expect(must(rbac.userPermissions(house, 'ann'))).toEqual(both);
    expect(must(rbac.sessionRoles(house, 'n1'))).toEqual(['Editor']);
    expect(must(rbac.sessionPermissions(house, 'n1'))).toEqual(both);
  });

  it('RoleOperationsOnObject, UserOperationsOnObject', () => {
    expect(must(rbac.roleOperationsOnObject(house, 'Editor', 'page:7'))).toEqual(['content.publish', 'content.view']);
    expect(must(rbac.userOperationsOnObject(house, 'ann', 'post:7'))).toEqual(['content.view']);
  });
});

describe('hierarchical RBAC (level 2)', () => {
  it('AddInheritance: refuses a cycle and says which', () => {
    const tall = build(
      ...['a', 'b', 'c'].map((role) => (m: Rbac) => rbac.addRole(m, role)),
      (m) => rbac.addInheritance(m, 'a', 'b'),
      (m) => rbac.addInheritance(m, 'b', 'c'),
    );
    expect(rbac.addInheritance(tall, 'c', 'a')).toMatchObject({ refusal: { why: 'cycle', path: ['a', 'b', 'c'] } });
    expect(why(rbac.addInheritance(tall, 'a', 'a'))).toBe('cycle');
    expect(why(rbac.addInheritance(tall, 'a', 'b'))).toBe('already-inherits');
    expect(why(rbac.addInheritance(tall, 'a', 'c'))).toBe('done');
  });

  it('DeleteInheritance: takes the users of the senior out of the junior, in sessions too', () => {
    const viewing = must(rbac.addActiveRole(house, 'ann', 'n1', 'Viewer'));
    const apart = must(rbac.deleteInheritance(viewing, 'Editor', 'Viewer'));
    expect(must(rbac.authorizedUsers(apart, 'Viewer'))).toEqual(['bob']);
    expect(must(rbac.sessionRoles(apart, 'n1'))).toEqual(['Editor']);
    expect(why(rbac.deleteInheritance(apart, 'Editor', 'Viewer'))).toBe('not-inherited');
  });

  it('AddAscendant, AddDescendant', () => {
    const taller = must(rbac.addAscendant(house, 'Chief', 'Editor'));
    expect(must(rbac.rolePermissions(taller, 'Chief'))).toContain('content.view');
    const deeper = must(rbac.addDescendant(taller, 'Viewer', 'Guest'));
    expect(must(rbac.authorizedUsers(deeper, 'Guest'))).toEqual(['ann', 'bob']);
    expect(why(rbac.addAscendant(house, 'Viewer', 'Editor'))).toBe('role-exists');
    expect(why(rbac.addDescendant(house, 'Emperor', 'Guest'))).toBe('unknown-role');
  });

  it('AuthorizedUsers, AuthorizedRoles', () => {
    expect(must(rbac.authorizedUsers(house, 'Viewer'))).toEqual(['ann', 'bob']);
    expect(must(rbac.authorizedRoles(house, 'ann'))).toEqual(['Editor', 'Viewer']);
  });
});

/** Payer and Requester may not meet in one person; chief has both below. */
const till = build(
  ...['Requester', 'Payer', 'Auditor', 'Chief'].map((role) => (m: Rbac) => rbac.addRole(m, role)),
  (m) => rbac.addUser(m, 'ann'),
  (m) => rbac.assignUser(m, 'ann', 'Payer'),
);
const split = must(rbac.createSsdSet(till, 'payments', ['Requester', 'Payer'], 2));

describe('static separation of duty (level 3)', () => {
  it('CreateSsdSet: not where somebody breaks it, nor with a cardinality that makes no sense', () => {
    const both = must(rbac.assignUser(till, 'ann', 'Requester'));
    expect(rbac.createSsdSet(both, 'payments', ['Requester', 'Payer'], 2)).toMatchObject({
      refusal: { why: 'ssd', user: 'ann', set: 'payments', roles: ['Requester', 'Payer'], cardinality: 2 },
    });
    for (const cardinality of [1, 3, 2.5, Number.NaN]) {
      expect(why(rbac.createSsdSet(till, 'x', ['Requester', 'Payer'], cardinality))).toBe('bad-cardinality');
    }
    expect(why(rbac.createSsdSet(till, 'x', ['Payer', 'Payer'], 2))).toBe('bad-cardinality');
    expect(why(rbac.createSsdSet(split, 'payments', ['Requester', 'Payer'], 2))).toBe('set-exists');
    expect(why(rbac.createSsdSet(till, 'x', ['Payer', 'Emperor'], 2))).toBe('unknown-role');
  });

  it('is respected on assignment and on inheritance, by way of juniors too', () => {
    expect(why(rbac.assignUser(split, 'ann', 'Requester'))).toBe('ssd');
    expect(why(rbac.addInheritance(split, 'Payer', 'Requester'))).toBe('ssd');
    const above = must(rbac.addInheritance(split, 'Chief', 'Requester'));
    expect(rbac.assignUser(above, 'ann', 'Chief')).toMatchObject({ refusal: { roles: ['Requester', 'Payer'] } });
  });

  it('AddSsdRoleMember, DeleteSsdRoleMember', () => {
    const audited = must(rbac.assignUser(split, 'ann', 'Auditor'));
    expect(why(rbac.addSsdRoleMember(audited, 'payments', 'Auditor'))).toBe('ssd');
    const three = must(rbac.addSsdRoleMember(split, 'payments', 'Auditor'));
    expect(must(rbac.ssdRoleSetRoles(three, 'payments'))).toEqual(['Auditor', 'Payer', 'Requester']);
    expect(why(rbac.addSsdRoleMember(three, 'payments', 'Auditor'))).toBe('role-in-set');
    expect(why(rbac.deleteSsdRoleMember(three, 'payments', 'Auditor'))).toBe('done');
    expect(why(rbac.deleteSsdRoleMember(split, 'payments', 'Payer'))).toBe('bad-cardinality');
    expect(why(rbac.deleteSsdRoleMember(split, 'payments', 'Auditor'))).toBe('role-not-in-set');
  });

  it('DeleteSsdSet, and no other way round it: a role whose end would end the set stays', () => {
    expect(why(rbac.deleteRole(split, 'Payer'))).toBe('bad-cardinality');
    const free = must(rbac.deleteSsdSet(split, 'payments'));
    expect(why(rbac.assignUser(free, 'ann', 'Requester'))).toBe('done');
    expect(why(rbac.deleteSsdSet(free, 'payments'))).toBe('unknown-set');
  });

  it('SetSsdSetCardinality', () => {
    const three = must(rbac.createSsdSet(till, 'three', ['Requester', 'Payer', 'Auditor'], 3));
    const two = must(rbac.assignUser(three, 'ann', 'Auditor'));
    expect(why(rbac.setSsdSetCardinality(two, 'three', 2))).toBe('ssd');
    expect(why(rbac.setSsdSetCardinality(three, 'three', 4))).toBe('bad-cardinality');
    expect(must(rbac.ssdRoleSetCardinality(must(rbac.setSsdSetCardinality(three, 'three', 2)), 'three'))).toBe(2);
  });

  it('SsdRoleSets, SsdRoleSetRoles, SsdRoleSetCardinality', () => {
    expect(rbac.ssdRoleSets(split)).toEqual(['payments']);
    expect(must(rbac.ssdRoleSetRoles(split, 'payments'))).toEqual(['Payer', 'Requester']);
    expect(must(rbac.ssdRoleSetCardinality(split, 'payments'))).toBe(2);
    expect([why(rbac.ssdRoleSetRoles(split, 'x')), why(rbac.ssdRoleSetCardinality(split, 'x'))]).toEqual([
      'unknown-set',
      'unknown-set',
    ]);
  });
});

const hats = build(
  ...['Requester', 'Payer', 'Auditor', 'Chief'].map((role) => (m: Rbac) => rbac.addRole(m, role)),
  (m) => rbac.addUser(m, 'ann'),
  (m) => rbac.assignUser(m, 'ann', 'Payer'),
  (m) => rbac.assignUser(m, 'ann', 'Requester'),
  (m) => rbac.createDsdSet(m, 'hats', ['Requester', 'Payer'], 2),
  (m) => rbac.createSession(m, 'ann', 'n1', ['Payer']),
);

describe('dynamic separation of duty (level 3)', () => {
  it('is respected when a session begins and when a role is activated: both roles, but never at once', () => {
    expect(rbac.createSession(hats, 'ann', 'n2', ['Payer', 'Requester'])).toMatchObject({
      refusal: { why: 'dsd', set: 'hats', session: 'n2', roles: ['Requester', 'Payer'] },
    });
    expect(why(rbac.addActiveRole(hats, 'ann', 'n1', 'Requester'))).toBe('dsd');
    const dropped = must(rbac.dropActiveRole(hats, 'ann', 'n1', 'Payer'));
    expect(why(rbac.addActiveRole(dropped, 'ann', 'n1', 'Requester'))).toBe('done');
    expect(why(rbac.createSession(hats, 'ann', 'n2', ['Requester']))).toBe('done');
  });

  it('counts what active roles inherit from, and so refuses an inheritance that a session would break', () => {
    expect(why(rbac.addInheritance(hats, 'Payer', 'Requester'))).toBe('dsd');
    const chief = must(rbac.addInheritance(hats, 'Chief', 'Requester'));
    const given = must(rbac.assignUser(chief, 'ann', 'Chief'));
    expect(why(rbac.addActiveRole(given, 'ann', 'n1', 'Chief'))).toBe('dsd');
  });

  it('CreateDsdSet, DeleteDsdSet', () => {
    const free = must(rbac.deleteDsdSet(hats, 'hats'));
    const both = must(rbac.addActiveRole(free, 'ann', 'n1', 'Requester'));
    expect(why(rbac.createDsdSet(both, 'hats', ['Requester', 'Payer'], 2))).toBe('dsd');
    expect(why(rbac.deleteDsdSet(free, 'hats'))).toBe('unknown-set');
  });

  it('AddDsdRoleMember, DeleteDsdRoleMember, SetDsdSetCardinality', () => {
    const three = must(rbac.addDsdRoleMember(hats, 'hats', 'Auditor'));
    expect(why(rbac.setDsdSetCardinality(three, 'hats', 3))).toBe('done');
    expect(why(rbac.setDsdSetCardinality(three, 'hats', 1))).toBe('bad-cardinality');
    expect(must(rbac.dsdRoleSetRoles(must(rbac.deleteDsdRoleMember(three, 'hats', 'Auditor')), 'hats'))).toEqual([
      'Payer',
      'Requester',
    ]);
    expect(why(rbac.deleteDsdRoleMember(hats, 'hats', 'Payer'))).toBe('bad-cardinality');
  });

  it('DsdRoleSets, DsdRoleSetRoles, DsdRoleSetCardinality', () => {
    expect(rbac.dsdRoleSets(hats)).toEqual(['hats']);
    expect(must(rbac.dsdRoleSetRoles(hats, 'hats'))).toEqual(['Payer', 'Requester']);
    expect(must(rbac.dsdRoleSetCardinality(hats, 'hats'))).toBe(2);
  });

  it('begins a session that nobody has chosen for without the roles that would break it', () => {
    const entry = hats.users.get('ann');
    expect(rbac.defaultActivation(hats, entry)).toEqual({ active: new Set(), held: ['Payer', 'Requester'] });
  });
});

describe('reviews (level 4)', () => {
  it('say who can do what, and by which path', () => {
    const paths = rbac.whoCan(house, 'content.view');
    expect(paths.map(({ user, roles, permission }) => [user, roles, permission])).toEqual([
      ['ann', ['Editor', 'Viewer'], 'content.view'],
      ['bob', ['Viewer'], 'content.view'],
    ]);
    expect(rbac.rolesThatWouldAllow(house, 'content.view')).toEqual(['Editor', 'Viewer']);
    expect(rbac.grantingRoles(house, 'system.audit', 'x')).toEqual([{ role: 'Auditor', permission: '*.audit' }]);
    expect(rbac.whoCan(house, 'content.publish')).toEqual([]);
    expect(rbac.whoCan(house, 'content.publish', 'page:1')).toHaveLength(1);
  });

  it('have a sentence for every refusal', () => {
    const refused = [rbac.assignUser(split, 'ann', 'Requester'), rbac.addActiveRole(hats, 'ann', 'n1', 'Requester')];
    expect(refused.map((one) => (one.ok ? '' : rbac.explainRbacRefusal(one.refusal)))).toEqual([
      'Static separation of duty: ann would be authorised for Requester and Payer, and the set payments allows fewer than 2 of these.',
      'Dynamic separation of duty: ann would have Requester and Payer active at once, and the set hats allows fewer than 2 of these in one session.',
    ]);
  });
});
