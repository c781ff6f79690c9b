import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { z } from 'zod';

const properties = z.record(z.string(), z.json()).optional();

/** AuthZEN 1.0 §5: the information model. Members that nobody here knows are let through, as the standard asks. */
const subject = z.looseObject({ type: z.string().min(1).max(256), id: z.string().min(1).max(1024), properties });
const action = z.looseObject({ name: z.string().min(1).max(256), properties });
const resource = z.looseObject({ type: z.string().min(1).max(256), id: z.string().min(1).max(2048), properties });
const context = z.record(z.string(), z.json());

/** §6.1: one question. */
export const evaluationSchema = z.looseObject({ subject, action, resource, context: context.optional() });
export type Evaluation = z.infer<typeof evaluationSchema>;

/** Questions in one request. */
const maxEvaluations = 100;

/** §7.1: many questions, of which each may lean on the members at the top. Without `evaluations` it is one question. */
export const evaluationsSchema = z.looseObject({
  subject: subject.optional(),
  action: action.optional(),
  resource: resource.optional(),
  context: context.optional(),
  evaluations: z.array(z.looseObject({})).max(maxEvaluations).optional(),
  options: z
    .looseObject({
      evaluations_semantic: z
        .enum(['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'])
        .default('execute_all'),
    })
    .prefault({}),
});

/** A member of the question itself stands in for the whole default of its name (§7.1.1): nothing is merged. */
export function withDefaults(defaults: z.infer<typeof evaluationsSchema>, own: object): Record<string, unknown> {
  const { subject: s, action: a, resource: r, context: c } = defaults;
  return {
    ...(s === undefined ? {} : { subject: s }),
    ...(a === undefined ? {} : { action: a }),
    ...(r === undefined ? {} : { resource: r }),
    ...(c === undefined ? {} : { context: c }),
    ...own,
  };
}

export function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function textsOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

export function objectOf(value: Json | undefined): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}
