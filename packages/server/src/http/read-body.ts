import type { Result } from '@keyturn/protocol';
import type { z } from 'zod';
import { invalidRequest, type Problem } from './problem.ts';

/** A body by its schema, or the problem that names every member that does not fit (JSON Pointer, RFC 6901). */
export function readBody<Body>(schema: z.ZodType<Body> | undefined, body: unknown): Result<Body, Problem> {
  // A route without a schema takes no body: its Body is `undefined`, which is what z.undefined() would parse.
  if (schema === undefined) return { ok: true, value: undefined as Body };
  if (isTooDeep(body)) {
    return { ok: false, refusal: invalidRequest([{ field: '', message: `is nested deeper than ${maxDepth} levels` }]) };
  }
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return { ok: true, value: parsed.data };
  const faults = parsed.error.issues.map((issue) => ({
    field: issue.path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
    message: issue.message,
  }));
  return { ok: false, refusal: invalidRequest(faults) };
}

/** What a person or a program writes is nowhere near this; what would exhaust the stack of a parser is far beyond. */
const maxDepth = 100;

/** Looks level by level, without recursion of its own. */
function isTooDeep(body: unknown): boolean {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxDepth) return true;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return false;
}
