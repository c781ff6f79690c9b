import { z } from 'zod';

const name = z.string().min(1).max(128);
const names = z.array(name);

/** Of a person who is named by `sub`. Without blanks: one would move the end of the issuer into the subject (`userKey`). */
export const issuerSchema = z.url().regex(/^\S+$/, 'has blanks');

const role = z.strictObject({
  description: z.string().max(1000).optional(),
  /** Of a user's roles the one with the highest tier is the primary role. */
  tier: z.int().min(0).max(1000).optional(),
  /** Django's is_staff, which seed 004's services read. */
  staff: z.boolean().optional(),
  superuser: z.boolean().optional(),
  /** Its immediate juniors: it has all that they may. */
  inherits: names.optional(),
  /** `content.publish`, `content.*`, `*`, `tool.call@tool:pizzeria/*`. */
  permissions: z.array(z.string().min(1).max(400)).optional(),
});

const roleSet = z.strictObject({
  roles: names.min(2),
  /** Of the roles, fewer than this. */
  cardinality: z.int().min(2).default(2),
});

/** A document that declares roles, permissions, hierarchy, constraints and manual assignments: rbac.yaml. */
export const rbacModelSchema = z.strictObject({
  // An empty role (`Viewer:` and no more) is a role.
  roles: z.record(name, role.nullable()).default({}),
  ssd: z.record(name, roleSet).default({}),
  dsd: z.record(name, roleSet).default({}),
  /** By hand, of users by their `sub`; without `issuer`, of the configured one. */
  assignments: z
    .array(z.strictObject({ user: z.string().min(1).max(255), issuer: issuerSchema.optional(), roles: names }))
    .default([]),
});

export type RbacModel = z.infer<typeof rbacModelSchema>;
