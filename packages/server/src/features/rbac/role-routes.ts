import type { RbacChange } from '@keyturn/policy/rbac';
import { z } from 'zod';
import type { Frame } from '../../http/frame.ts';
import { describeRole } from './describe.ts';
import type { RbacParts } from './parts.ts';
import { change, done, managing, namedRole, nameSchema, rbacPath, turnedDown, viewing } from './route-parts.ts';

const newRole = z.strictObject({
  name: nameSchema,
  description: z.string().max(1000).optional(),
  tier: z.int().min(0).max(1000).optional(),
  staff: z.boolean().optional(),
  superuser: z.boolean().optional(),
  inherits: z.array(nameSchema).default([]),
  permissions: z.array(z.string().min(1).max(400)).default([]),
});
const changedRole = newRole.pick({ description: true, tier: true, staff: true, superuser: true });
const newPermission = z.strictObject({ permission: z.string().min(1).max(400) });

/** Roles: what they are called, what they permit, and from which others they inherit. */
export function mountRoles(frame: Frame, parts: RbacParts): void {
  const current = () => parts.keeper.current().rbac;
  frame.route({
    method: 'GET',
    path: `${rbacPath}/roles`,
    action: () => viewing(parts, 'rbac.role.list'),
    handle: async () => done([...current().roles.keys()].toSorted().map((role) => describeRole(parts, role))),
  });
  frame.route({
    method: 'GET',
    path: `${rbacPath}/roles/:role`,
    action: ({ params }) => viewing(parts, 'rbac.role.read', params['role']),
    handle: async ({ params }) => {
      const role = params['role'] ?? '';
      const found = describeRole(parts, role);
      return found === undefined ? turnedDown({ why: 'unknown-role', role }) : done(found);
    },
  });
  frame.route({
    method: 'POST',
    path: `${rbacPath}/roles`,
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
    path: `${rbacPath}/roles/:role`,
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
    path: `${rbacPath}/roles/:role`,
    action: ({ params }) => managing(parts, 'rbac.role.delete', params['role']),
    handle: (passage) => change(parts, passage, () => [{ do: 'deleteRole', role: passage.params['role'] ?? '' }]),
  });
  frame.route({
    method: 'GET',
    path: `${rbacPath}/permissions`,
    action: () => viewing(parts, 'rbac.permission.list'),
    handle: async () => {
      const granted = [...current().grants].flatMap(([role, own]) => [...own.keys()].map((text) => ({ text, role })));
      const byText = [...Map.groupBy(granted, ({ text }) => text)].toSorted(([a], [b]) => (a < b ? -1 : 1));
      return done(byText.map(([permission, by]) => ({ permission, roles: by.map(({ role }) => role).toSorted() })));
    },
  });
  frame.route({
    method: 'POST',
    path: `${rbacPath}/roles/:role/permissions`,
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
    path: `${rbacPath}/roles/:role/permissions/:permission`,
    action: ({ params }) => managing(parts, 'rbac.permission.revoke', params['role']),
    handle: (passage) => {
      const { role = '', permission = '' } = passage.params;
      return change(parts, passage, () => [{ do: 'revokePermission', role, permission }]);
    },
  });
  frame.route({
    method: 'POST',
    path: `${rbacPath}/roles/:role/juniors`,
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
    path: `${rbacPath}/roles/:role/juniors/:junior`,
    action: ({ params }) => managing(parts, 'rbac.inheritance.delete', params['role']),
    handle: (passage) => {
      const { role: senior = '', junior = '' } = passage.params;
      return change(parts, passage, () => [{ do: 'deleteInheritance', senior, junior }]);
    },
  });
}

/** Without members that were not given: a role keeps what is not named. */
function present<Value extends object>(info: Value): { [Key in keyof Value]?: Exclude<Value[Key], undefined> } {
  // Entries of an object are its own members; those that are undefined are left out.
  return Object.fromEntries(Object.entries(info).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Value]?: Exclude<Value[Key], undefined>;
  };
}
