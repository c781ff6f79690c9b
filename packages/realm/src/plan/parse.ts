import { isJsonObject, type Json, ok, type Result, refuse } from '@keyturn/protocol';
import { z } from 'zod';
import { objectTypes } from '../model/objects.ts';
import { type Plan, planVersion } from './plan.ts';

const json: z.ZodType<Json> = z.json();
const members = z.record(z.string(), json);
const object = { type: z.enum(objectTypes), name: z.array(z.string()).min(1) };
const change = z.strictObject({
  path: z.array(z.string()).min(1),
  before: json,
  after: json,
  sensitive: z.literal(true).optional(),
});
const step = z.discriminatedUnion('action', [
  z.strictObject({ ...object, action: z.literal('create'), fields: members }),
  z.strictObject({ ...object, action: z.literal('update'), adopt: z.boolean(), changes: z.array(change) }),
  z.strictObject({ ...object, action: z.literal('adopt') }),
  z.strictObject({ ...object, action: z.literal('delete') }),
]);
const plan = z.strictObject({
  format: z.literal('keyturn-realm-plan'),
  version: z.literal(planVersion),
  realm: z.string().min(1),
  steps: z.array(step),
  ownership: z.strictObject({ before: z.string(), after: z.string() }),
  notices: z.array(z.string()),
});

/** Reads a plan that `plan --out` wrote. Refuses anything else in one sentence a fault. */
export function parsePlan(text: string): Result<Plan, readonly string[]> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse(['this is no JSON, so no plan that `keyturn realm plan --out` wrote']);
  }
  if (isJsonObject(value) && value['format'] === 'keyturn-realm-plan' && value['version'] !== planVersion) {
    return refuse([
      `this plan has version ${JSON.stringify(value['version'])}; this Keyturn reads version ${planVersion}: plan again`,
    ]);
  }
  const parsed = plan.safeParse(value);
  if (!parsed.success) {
    return refuse(parsed.error.issues.map((issue) => `${issue.path.join('.') || 'plan'}: ${issue.message}`));
  }
  // Checked member by member above; zod writes absent options as `undefined`, which JSON does not know.
  return ok(parsed.data as Plan);
}
