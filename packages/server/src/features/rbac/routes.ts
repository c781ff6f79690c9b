import type { RbacChange } from '@keyturn/policy/rbac';
import { ok, type Result } from '@keyturn/protocol';
import { z } from 'zod';
import type { Answer, Frame, Passage } from '../../http/frame.ts';
import type { Done } from '../../http/pass.ts';
import type { Problem } from '../../http/problem.ts';
import { commitChanges } from './commit-changes.ts';
import { describeAssignments, describeRole, describeSet } from './describe.ts';
import { readNames } from './names.ts';
import { changedBy, type RbacParts } from './parts.ts';
import type { RbacState } from './state.ts';
import { done, keyFrom, managing, single, turnedDown, viewing } from './route-parts.ts';

const name = z.string().min(1).max(128);
const path = '/api/v1/rbac';

const newRole = z.strictObject({
  name,
  description: z.string().max(1000).optional(),
  tier: z.int().min(0).max(1000).optional(),
  staff: z.boolean().optional(),
  superuser: z.boolean().optional(),
  inherits: z.array(name).default([]),
  permissions: z.array(z.string().min(1).max(400)).default([]),
});
const changedRole = newRole.pick({ description: true, tier: true, staff: true, superuser: true });
const newPermission = z.strictObject({ permission: z.string().min(1).max(400) });
const namedRole = z.strictObject({ role: name });
const newSet = z.strictObject({
  kind: z.enum(['ssd', 'dsd']),
  name,
  roles: z.array(name).min(2),
  cardinality: z.int().default(2),
});
const changedSet = z.strictObject({ cardinality: z.int() });
const namedUser = { user: z.string().min(1).max(255), issuer: z.url().optional() };
const newAssignment = z.strictObject({ ...namedUser, role: name });

/** The management API: roles, permissions, hierarchy, constraints and assignments. Each change is one function of the standard. */
export function mountRbac(frame: Frame, parts: RbacParts): void {
  mountRoles(frame, parts);
  mountConstraints(frame, parts);
  mountAssignments(frame, parts);
}

function mountRoles(frame: Frame, parts: RbacParts): void {
  const current = () => parts.keeper.current().rbac;
  frame.route({
    method: 'GET',
    path: `${path}/roles`,
    action: () => viewing(parts, 'rbac.role.list'),
    handle: async () => done([...current().roles.keys()].toSorted().map((role) => describeRole(parts, role))),
  });
  frame.route({
    method: 'GET',
    path: `${path}/roles/:role`,
    action: ({ params }) => viewing(parts, 'rbac.role.read', params['role']),
    handle: async ({ params }) => {
      const role = params['role'] ?? '';
      const found = describeRole(parts, role);
      return found === undefined ? turnedDown({ why: 'unknown-role', role }) : done(found);
    },
  });
  frame.route({
    method: 'POST',
    path: `${path}/roles`,
    body: newRole,
    action: ({ body }) => managing(parts, 'rbac.role.create', body.name),
    handle: (passage) => {
      const { name: role, inherits, permissions, ...info } = passage.body;
      const changes: readonly RbacChange[] = [
        { do: 'addRole', role, info: present(info) },
        ...inherits.map((junior) => ({ do: 'addInheritance' as const, senior: role, junior })),
        ...permissions.map((permission) => ({ do: 'grantPermission' as const, role, permission })),
      ];
      return change(
        parts,
        passage,
        () => changes,
        () => describeRole(parts, role),
        201,
      );
    },
  });
  frame.route({
    method: 'PATCH',
    path: `${path}/roles/:role`,
    body: changedRole,
    action: ({ params }) => managing(parts, 'rbac.role.update', params['role']),
    handle: (passage) => {
      const role = passage.params['role'] ?? '';
      const info = present(passage.body);
      return change(
        parts,
        passage,
        () => [{ do: 'describeRole', role, info }],
        () => describeRole(parts, role),
      );
    },
  });
  frame.route({
    method: 'DELETE',
    path: `${path}/roles/:role`,
    action: ({ params }) => managing(parts, 'rbac.role.delete', params['role']),
    handle: (passage) => change(parts, passage, () => [{ do: 'deleteRole', role: passage.params['role'] ?? '' }]),
  });
  frame.route({
    method: 'GET',
    path: `${path}/permissions`,
    action: () => viewing(parts, 'rbac.permission.list'),
    handle: async () => {
      const granted = [...current().grants].flatMap(([role, own]) => [...own.keys()].map((text) => ({ text, role })));
      const byText = [...Map.groupBy(granted, ({ text }) => text)].toSorted(([a], [b]) => (a < b ? -1 : 1));
      return done(byText.map(([permission, by]) => ({ permission, roles: by.map(({ role }) => role).toSorted() })));
    },
  });
  frame.route({
    method: 'POST',
    path: `${path}/roles/:role/permissions`,
    body: newPermission,
    action: ({ params }) => managing(parts, 'rbac.permission.grant', params['role']),
    handle: (passage) => {
      const role = passage.params['role'] ?? '';
      const { permission } = passage.body;
      return change(
        parts,
        passage,
        () => [{ do: 'grantPermission', role, permission }],
        () => describeRole(parts, role),
        201,
      );
    },
  });
  frame.route({
    method: 'DELETE',
    path: `${path}/roles/:role/permissions/:permission`,
    action: ({ params }) => managing(parts, 'rbac.permission.revoke', params['role']),
    handle: (passage) => {
      const { role = '', permission = '' } = passage.params;
      return change(parts, passage, () => [{ do: 'revokePermission', role, permission }]);
    },
  });
  frame.route({
    method: 'POST',
    path: `${path}/roles/:role/juniors`,
    body: namedRole,
    action: ({ params }) => managing(parts, 'rbac.inheritance.add', params['role']),
    handle: (passage) => {
      const senior = passage.params['role'] ?? '';
      const junior = passage.body.role;
      return change(
        parts,
        passage,
        () => [{ do: 'addInheritance', senior, junior }],
        () => describeRole(parts, senior),
        201,
      );
    },
  });
  frame.route({
    method: 'DELETE',
    path: `${path}/roles/:role/juniors/:junior`,
    action: ({ params }) => managing(parts, 'rbac.inheritance.delete', params['role']),
    handle: (passage) => {
      const { role: senior = '', junior = '' } = passage.params;
      return change(parts, passage, () => [{ do: 'deleteInheritance', senior, junior }]);
    },
  });
}

function mountConstraints(frame: Frame, parts: RbacParts): void {
  const read = (kind: 'ssd' | 'dsd', set: string) => {
    const found = parts.keeper.current().rbac[kind].get(set);
    return found === undefined ? undefined : describeSet(kind, set, found);
  };
  frame.route({
    method: 'GET',
    path: `${path}/constraints`,
    action: () => viewing(parts, 'rbac.constraint.list'),
    handle: async () => {
      const { rbac } = parts.keeper.current();
      const all = (['ssd', 'dsd'] as const).flatMap((kind) =>
        [...rbac[kind]].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([set, one]) => describeSet(kind, set, one)),
      );
      return done(all);
    },
  });
  frame.route({
    method: 'POST',
    path: `${path}/constraints`,
    body: newSet,
    action: ({ body }) => managing(parts, 'rbac.constraint.create', body.name),
    handle: (passage) => {
      const { kind, name: set, roles, cardinality } = passage.body;
      const make = kind === 'ssd' ? 'createSsdSet' : 'createDsdSet';
      return change(
        parts,
        passage,
        () => [{ do: make, set, roles, cardinality }],
        () => read(kind, set),
        201,
      );
    },
  });
  for (const kind of ['ssd', 'dsd'] as const) {
    const own = `${path}/constraints/${kind}/:set`;
    const named = (passage: Passage<unknown>): string => passage.params['set'] ?? '';
    frame.route({
      method: 'PATCH',
      path: own,
      body: changedSet,
      action: ({ params }) => managing(parts, 'rbac.constraint.update', params['set']),
      handle: (passage) => {
        const set = named(passage);
        const { cardinality } = passage.body;
        const how = kind === 'ssd' ? 'setSsdSetCardinality' : 'setDsdSetCardinality';
        return change(
          parts,
          passage,
          () => [{ do: how, set, cardinality }],
          () => read(kind, set),
        );
      },
    });
    frame.route({
      method: 'DELETE',
      path: own,
      action: ({ params }) => managing(parts, 'rbac.constraint.delete', params['set']),
      handle: (passage) =>
        change(parts, passage, () => [{ do: kind === 'ssd' ? 'deleteSsdSet' : 'deleteDsdSet', set: named(passage) }]),
    });
    frame.route({
      method: 'POST',
      path: `${own}/roles`,
      body: namedRole,
      action: ({ params }) => managing(parts, 'rbac.constraint.update', params['set']),
      handle: (passage) => {
        const set = named(passage);
        const { role } = passage.body;
        const how = kind === 'ssd' ? 'addSsdRoleMember' : 'addDsdRoleMember';
        return change(
          parts,
          passage,
          () => [{ do: how, set, role }],
          () => read(kind, set),
          201,
        );
      },
    });
    frame.route({
      method: 'DELETE',
      path: `${own}/roles/:role`,
      action: ({ params }) => managing(parts, 'rbac.constraint.update', params['set']),
      handle: (passage) => {
        const how = kind === 'ssd' ? 'deleteSsdRoleMember' : 'deleteDsdRoleMember';
        return change(parts, passage, () => [{ do: how, set: named(passage), role: passage.params['role'] ?? '' }]);
      },
    });
  }
}

function mountAssignments(frame: Frame, parts: RbacParts): void {
  frame.route({
    method: 'GET',
    path: `${path}/assignments`,
    action: () => viewing(parts, 'rbac.assignment.list'),
    handle: async ({ query }) => {
      const [user, issuer, role] = [single(query, 'user'), single(query, 'issuer'), single(query, 'role')];
      for (const one of [user, issuer, role]) if (!one.ok) return turnedDown(one.refusal);
      const named = user.ok ? user.value : undefined;
      const key =
        named === undefined ? undefined : keyFrom(parts, { user: named, issuer: issuer.ok ? issuer.value : undefined });
      const only = { user: key, role: role.ok ? role.value : undefined };
      return done(describeAssignments(parts.keeper.current().rbac, await readNames(parts.store), only));
    },
  });
  frame.route({
    method: 'POST',
    path: `${path}/assignments`,
    body: newAssignment,
    action: ({ body }) => managing(parts, 'rbac.assignment.create', body.user),
    handle: (passage) => {
      const user = keyFrom(parts, passage.body);
      const { role } = passage.body;
      const assign: RbacChange = { do: 'assignUser', user, role, origin: 'manual', via: [] };
      return change(
        parts,
        passage,
        // Who has never logged in can be given a role too.
        ({ rbac }) => (rbac.users.has(user) ? [assign] : [{ do: 'addUser', user }, assign]),
        () => describeAssignments(parts.keeper.current().rbac, new Map(), { user, role })[0],
        201,
      );
    },
  });
  frame.route({
    method: 'DELETE',
    path: `${path}/assignments/:user/:role`,
    action: ({ params }) => managing(parts, 'rbac.assignment.delete', params['user']),
    handle: async (passage) => {
      const issuer = single(passage.query, 'issuer');
      if (!issuer.ok) return turnedDown(issuer.refusal);
      const user = keyFrom(parts, { user: passage.params['user'] ?? '', issuer: issuer.value });
      const role = passage.params['role'] ?? '';
      return change(parts, passage, () => [{ do: 'deassignUser', user, role, origin: 'manual' }]);
    },
  });
  frame.route({
    method: 'DELETE',
    path: `${path}/users/:user`,
    action: ({ params }) => managing(parts, 'rbac.user.delete', params['user']),
    handle: async (passage) => {
      const issuer = single(passage.query, 'issuer');
      if (!issuer.ok) return turnedDown(issuer.refusal);
      const user = keyFrom(parts, { user: passage.params['user'] ?? '', issuer: issuer.value });
      return change(parts, passage, () => [{ do: 'deleteUser', user }]);
    },
  });
}

/** Commits, and answers with what is there now, or with 204 where nothing is to be shown. */
async function change(
  parts: RbacParts,
  passage: Pick<Passage<unknown>, 'approved' | 'requestId'>,
  changes: (state: RbacState) => readonly RbacChange[],
  show?: () => unknown,
  status = 200,
): Promise<Result<Done<Answer>, Problem>> {
  const by = changedBy(passage.approved.caller, passage.requestId);
  const kept = await commitChanges(parts, by, (state) => ok(changes(state)));
  if (!kept.ok) return turnedDown(kept.refusal);
  return show === undefined ? done(undefined, 204) : done(show(), status);
}

/** Without members that were not given: a role keeps what is not named. */
function present<Value extends object>(info: Value): { [Key in keyof Value]?: Exclude<Value[Key], undefined> } {
  // Entries of an object are its own members; those that are undefined are left out.
  return Object.fromEntries(Object.entries(info).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Value]?: Exclude<Value[Key], undefined>;
  };
}
