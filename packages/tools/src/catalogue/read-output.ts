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
 * What a successful answer holds: the schema of the first 2xx answer that is JSON. MCP carries objects only, so that
 * anything else is wrapped as `{ result: … }`.
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
  let found: Json | undefined;
  for (const status of good) {
    const response = resolveObject(root, given[status]);
    if (!isJsonObject(response?.['content'])) continue;
    for (const [contentType, media] of Object.entries(response['content'])) {
      if (/^[\w!#$&^.+*/-]+(; ?[\w.-]+=[\w."-]+)*$/.test(contentType)) accepted.add(contentType);
      if (found === undefined && kindOf(contentType) === 'json') found = resolveObject(root, media)?.['schema'];
    }
  }
  const accept = [...accepted].sort((a, b) => Number(kindOf(b) === 'json') - Number(kindOf(a) === 'json')).slice(0, 10);
  const header = accept.length === 0 ? 'application/json, */*;q=0.1' : [...accept, '*/*;q=0.1'].join(', ');
  if (found === undefined) return { schema: undefined, wraps: false, accept: header };
  // Resolved first: at the top there must be an object with properties, and no reference to one.
  const resolved = resolveObject(root, found);
  const wraps = resolved?.['type'] !== 'object' || resolved['nullable'] === true;
  const converted = schemas.convert(resolved ?? found, 'response');
  const whole = wraps
    ? { type: 'object', properties: { result: converted }, required: ['result'] }
    : { ...converted, properties: converted['properties'] ?? {} };
  return { schema: schemas.close(whole, 'response', budget), wraps, accept: header };
}
