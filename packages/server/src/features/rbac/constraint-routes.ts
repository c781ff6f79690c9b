import { z } from 'zod';
import type { Frame, Passage } from '../../http/frame.ts';
import { describeSet } from './describe.ts';
import type { RbacParts } from './parts.ts';
import { change, done, managing, namedRole, nameSchema, rbacPath, viewing } from './route-parts.ts';

const newSet = z.strictObject({
  kind: z.enum(['ssd', 'dsd']),
  name: nameSchema,
  roles: z.array(nameSchema).min(2),
  cardinality: z.int().default(2),
});
const changedSet = z.strictObject({ cardinality: z.int() });

/** Separation of duty: sets of roles of which nobody may have so many (static), or use so many at once (dynamic). */
export function mountConstraints(frame: Frame, parts: RbacParts): void {
  const read = (kind: 'ssd' | 'dsd', set: string) => {
    const found = parts.keeper.current().rbac[kind].get(set);
    return found === undefined ? undefined : describeSet(kind, set, found);
  };
  frame.route({
    method: 'GET',
    path: `${rbacPath}/constraints`,
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
    path: `${rbacPath}/constraints`,
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
    const own = `${rbacPath}/constraints/${kind}/:set`;
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
