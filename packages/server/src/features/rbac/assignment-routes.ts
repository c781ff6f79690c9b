import type { RbacChange } from '@keyturn/policy/rbac';
import { z } from 'zod';
import { issuerSchema } from '../../config/rbac-model.ts';
import type { Frame } from '../../http/frame.ts';
import { describeAssignments } from './describe.ts';
import { readNames } from './names.ts';
import type { RbacParts } from './parts.ts';
import { change, done, keyFrom, managing, nameSchema, rbacPath, single, turnedDown, viewing } from './route-parts.ts';

const newAssignment = z.strictObject({
  user: z.string().min(1).max(255),
  issuer: issuerSchema.optional(),
  role: nameSchema,
});

/** Who has which role. */
export function mountAssignments(frame: Frame, parts: RbacParts): void {
  frame.route({
    method: 'GET',
    path: `${rbacPath}/assignments`,
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
    path: `${rbacPath}/assignments`,
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
    path: `${rbacPath}/assignments/:user/:role`,
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
    path: `${rbacPath}/users/:user`,
    action: ({ params }) => managing(parts, 'rbac.user.delete', params['user']),
    handle: async (passage) => {
      const issuer = single(passage.query, 'issuer');
      if (!issuer.ok) return turnedDown(issuer.refusal);
      const user = keyFrom(parts, { user: passage.params['user'] ?? '', issuer: issuer.value });
      return change(parts, passage, () => [{ do: 'deleteUser', user }]);
    },
  });
}
