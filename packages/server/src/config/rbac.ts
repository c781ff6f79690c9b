import { parse } from 'yaml';
import { z } from 'zod';
import { rbacModelSchema } from './rbac-model.ts';

const groupToRole = z.record(z.string().min(1).max(1024), z.union([z.string().min(1), z.array(z.string().min(1))]));

/** What may be given as an object, or as its text in JSON or YAML, as an environment variable or a mounted file has it. */
function orText<Value>(schema: z.ZodType<Value>) {
  const text = z.string().transform((given, context): unknown => {
    try {
      return parse(given, { maxAliasCount: 0 });
    } catch {
      context.issues.push({ code: 'custom', message: 'is neither JSON nor YAML', input: undefined });
      return z.NEVER;
    }
  });
  return z.union([schema, text.pipe(schema)]);
}

/** People's roles and permissions (NIST RBAC). */
export const rbacSection = z.strictObject({
  groupToRole: orText(groupToRole)
    .default({})
    .describe(
      'Which groups of the identity provider give which roles: {"/staff/editors": "Editor", "/staff/*": ["Viewer"]}, as an object, or as text in JSON or YAML. A name without a slash is a top-level group; `*` stands for anything within one name, `/**` at the end for one name or more. Look-alikes are other groups. A role that does not exist is an error at the start.',
    ),
  nestedGroups: z
    .boolean()
    .default(true)
    .describe(
      'Who is in /staff/editors is in /staff too, as Keycloak’s own role mappings have it. Needs full paths in the claim.',
    ),
  model: orText(rbacModelSchema)
    .optional()
    .describe(
      'Roles, permissions, hierarchy, constraints and manual assignments that are brought about at every start, before groupToRole is checked (KEYTURN_RBAC__MODEL_FILE=/etc/keyturn/rbac.yaml). The same document as `keyturn rbac apply` takes; what it does not declare is left alone.',
    ),
});

export type RbacSettings = z.infer<typeof rbacSection>;
