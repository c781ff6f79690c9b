import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { resolveObject } from '../document/pointer.ts';
import { kindOf } from './read-body.ts';
import type { SchemaReader } from './schema-reader.ts';

export interface ReadOutput {
  /** Undefined where no successful answer is JSON, or its schema says nothing. */
  readonly schema: JsonObject | undefined;
  readonly wraps: boolean;
  readonly accept: string;
}

/**
 * What a successful answer holds: the schema of the 2xx answers that are JSON, any of them where there are several, or
 * null where one has no content. MCP carries objects only, so that anything but one object is wrapped as
 * `{ result: … }`. Nothing is promised where a 2xx answer may be something else.
 */
export function readOutput(
  root: JsonObject,
  responses: Json | undefined,
  schemas: SchemaReader,
  budget: number,
): ReadOutput {
  const given = isJsonObject(responses) ? responses : {};
  const good = Object.keys(given)
    .filter((status) => /^2(\d\d|XX)$/i.test(status))
    .sort();
  const accepted = new Set<string>();
  const found = good.map((status) => readAnswer(root, given[status], accepted));
  const accept = [...accepted].sort((a, b) => Number(kindOf(b) === 'json') - Number(kindOf(a) === 'json')).slice(0, 10);
  const header = accept.length === 0 ? 'application/json, */*;q=0.1' : [...accept, '*/*;q=0.1'].join(', ');
  const answers = [...new Map(found.map((answer) => [JSON.stringify(answer), answer])).values()];
  const [only] = answers;
  const isUsual = only !== undefined && only !== nothing && answers.length === 1;
  if (only === undefined || answers.includes(undefined) || (answers.length === 1 && only === nothing)) {
    return { schema: undefined, wraps: false, accept: header };
  }
  // Resolved first: at the top there must be an object with properties, and no reference to one.
  const resolved = isUsual ? resolveObject(root, only) : undefined;
  const wraps = resolved?.['type'] !== 'object' || resolved['nullable'] === true;
  const converted = isUsual
    ? schemas.convert(resolved ?? only, 'response')
    : { anyOf: answers.map((answer) => (answer === nothing ? { type: 'null' } : schemas.convert(answer, 'response'))) };
  const whole = wraps
    ? { type: 'object', properties: { result: converted }, required: ['result'] }
    : { ...converted, properties: converted['properties'] ?? {} };
  return { schema: schemas.close(whole, 'response', budget), wraps, accept: header };
}

/** That an answer has no content. */
const nothing = null;

/** The schema of an answer; undefined where it says nothing of one, or may be something other than JSON. */
function readAnswer(root: JsonObject, given: Json | undefined, accepted: Set<string>): Json | undefined {
  const content = resolveObject(root, given)?.['content'];
  if (!isJsonObject(content) || Object.keys(content).length === 0) return nothing;
  let schema: Json | undefined;
  for (const [contentType, media] of Object.entries(content)) {
    if (/^[\w!#$&^.+*/-]+(; ?[\w.-]+=[\w."-]+)*$/.test(contentType)) accepted.add(contentType);
    if (schema === undefined && kindOf(contentType) === 'json')
      schema = resolveObject(root, media)?.['schema'] ?? undefined;
  }
  return schema;
}
