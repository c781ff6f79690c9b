import { z } from 'zod';

const name = z.string().trim().min(1).max(255);
const description = z.string().max(1000);
const pattern = z.string().min(1).max(500);
const tags = z.array(z.string().min(1).max(200)).min(1).max(100);
const toolIds = z
  .array(
    z
      .string()
      .regex(/^[^/\s]+\/\S+$/, 'a tool id is source/operation')
      .max(300),
  )
  .max(5000);
const selectors = z
  .array(
    z
      .strictObject({
        source_pattern: pattern.exactOptional(),
        name_pattern: pattern.exactOptional(),
        path_pattern: pattern.exactOptional(),
        method_pattern: pattern.exactOptional(),
        required_tags: tags.exactOptional(),
        excluded_tags: tags.exactOptional(),
      })
      .refine(
        (selector) => Object.keys(selector).length > 0,
        'a selector without members would mean every tool; use source_pattern "*"',
      ),
  )
  .max(100);

const groupMembers = {
  selectors: selectors.default([]),
  explicit_tool_ids: toolIds.default([]),
  excluded_tool_ids: toolIds.default([]),
};

/** The body of POST /api/v1/tool-groups; PATCH takes any of its members. */
export const groupSchema = z.strictObject({
  name,
  description: description.optional(),
  ...groupMembers,
  is_active: z.boolean().default(true),
});
export const groupPatchSchema = z
  .strictObject({
    name: name.optional(),
    description: description.nullable().optional(),
    selectors: selectors.optional(),
    explicit_tool_ids: toolIds.optional(),
    excluded_tool_ids: toolIds.optional(),
    is_active: z.boolean().optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'name at least one member to change');

/** The body of POST /api/v1/tool-groups/preview. */
export const groupPreviewSchema = z.strictObject(groupMembers);

const claim = z.union([z.string(), z.number(), z.boolean()]);
const path = z.union([z.string().min(1).max(300), z.array(z.string().min(1).max(200)).min(1).max(10)]);
const matcher = z.union(
  [
    z.strictObject({ role: z.string().min(1).max(255) }),
    z.strictObject({ scope: z.string().min(1).max(255) }),
    z.strictObject({
      json_path: path,
      operator: z.enum(['equals', 'not_equals', 'contains', 'not_contains']),
      value: claim,
    }),
    z.strictObject({ json_path: path, operator: z.literal('in'), value: z.array(claim).min(1).max(200) }),
    z.strictObject({ json_path: path, operator: z.literal('exists'), value: z.boolean().exactOptional() }),
  ],
  {
    error:
      'use {"role": …}, {"scope": …}, or {"json_path": …, "operator": equals | not_equals | contains | not_contains | in | exists, "value": …}',
  },
);
const matchers = z.array(matcher).max(50);
const groupIds = z.array(z.string().regex(/^grp_[0-9a-z]{26}$/, 'not the id of a tool group')).max(200);

/** The body of POST /api/v1/access-policies; PATCH takes any of its members. */
export const policySchema = z.strictObject({
  name,
  description: description.optional(),
  claim_matchers: matchers,
  allowed_group_ids: groupIds,
  is_active: z.boolean().default(true),
});
export const policyPatchSchema = z
  .strictObject({
    name: name.optional(),
    description: description.nullable().optional(),
    claim_matchers: matchers.optional(),
    allowed_group_ids: groupIds.optional(),
    is_active: z.boolean().optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'name at least one member to change');
