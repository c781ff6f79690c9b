import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { textOf } from '../model/members.ts';
import { isJsonList } from '../representation.ts';

/** A declared field and what the server has in its place. */
export interface FieldDifference {
  readonly path: readonly string[];
  readonly before: Json | undefined;
  readonly after: Json;
}

/**
 * Where a live object differs from what is declared, field by field. Only declared fields count: what a file does not
 * name is Keycloak's or a person's. Lists are sets, keyed by name where their members are objects; `"300"` and 300,
 * `"true"` and true are the same, for Keycloak stores most things as text; an empty text or list and an absent one
 * are the same.
 */
export function compareFields(declared: JsonObject, live: JsonObject): readonly FieldDifference[] {
  const differences: FieldDifference[] = [];
  compareMembers(declared, live, [], differences);
  return differences;
}

function compareMembers(declared: JsonObject, live: JsonObject, at: readonly string[], out: FieldDifference[]): void {
  for (const [name, after] of Object.entries(declared)) {
    if (after === undefined) continue;
    const before = Object.hasOwn(live, name) ? live[name] : undefined;
    const path = [...at, name];
    if (isJsonObject(after) && (before === undefined || before === null || isJsonObject(before))) {
      compareMembers(after, isJsonObject(before) ? before : {}, path, out);
    } else if (!sameValue(after, before)) out.push({ path, before, after });
  }
}

/** Whether a declared value is what the server has, by the rules above. */
export function sameValue(declared: Json, live: Json | undefined): boolean {
  if (isVoid(declared) && isVoid(live)) return true;
  if (isJsonList(declared)) return isJsonList(live) && sameSet(declared, live);
  if (isJsonObject(declared)) return isJsonObject(live) && compareFields(declared, live).length === 0;
  return isScalar(live) && String(declared) === String(live);
}

function isVoid(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return true;
  return isJsonList(value) && value.length === 0;
}

function isScalar(value: Json | undefined): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function sameSet(declared: readonly Json[], live: readonly Json[]): boolean {
  const wanted = uniqueByKey(declared);
  const found = uniqueByKey(live);
  if (wanted.size !== found.size) return false;
  return [...wanted].every(([key, value]) => found.has(key) && sameValue(value, found.get(key)));
}

const keyMembers = ['name', 'alias', 'clientId', 'username', 'executor', 'condition', 'type'] as const;

function uniqueByKey(list: readonly Json[]): ReadonlyMap<string, Json> {
  return new Map(list.map((item) => [listKey(item), item]));
}

function listKey(item: Json): string {
  if (!isJsonObject(item)) return isScalar(item) ? String(item) : JSON.stringify(item);
  const member = keyMembers.find((name) => typeof item[name] === 'string');
  return member === undefined ? JSON.stringify(item) : `${member}=${textOf(item[member])}`;
}

/** The object with one value put at a path; objects on the way are copied, others replaced. */
export function withValue(object: JsonObject, path: readonly string[], value: Json | undefined): JsonObject {
  const [first, ...rest] = path;
  if (first === undefined) return object;
  const inner = Object.hasOwn(object, first) ? object[first] : undefined;
  const next = rest.length === 0 ? value : withValue(isJsonObject(inner) ? inner : {}, rest, value);
  return Object.fromEntries([...Object.entries(object).filter(([name]) => name !== first), [first, next]]);
}
