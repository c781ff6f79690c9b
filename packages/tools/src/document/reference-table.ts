import { hash } from 'node:crypto';
import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { readLocalRef, resolveObject, valueAt } from './pointer.ts';

/** Names for what a document's schemas refer to, and the way back. */
export interface ReferenceTable {
  nameOf(ref: string): string;
  /** What a name that `nameOf` gave stands for; undefined if that is nothing, or a circle of nothing but references. */
  lookUp(name: string): Json | undefined;
}

export function createReferenceTable(root: JsonObject): ReferenceTable {
  const names = new Map<string, string>();
  const refs = new Map<string, string>();
  let anchors: ReadonlyMap<string, Json> | undefined;
  return {
    nameOf(ref) {
      const known = names.get(ref);
      if (known !== undefined) return known;
      const name = makeName(ref);
      names.set(ref, name);
      refs.set(name, ref);
      return name;
    },
    lookUp(name) {
      const ref = refs.get(name) ?? '';
      const path = readLocalRef(ref);
      if (path === undefined) {
        anchors ??= findAnchors(root);
        return anchors.get(ref.slice(1));
      }
      const found = valueAt(root, path);
      return isCircle(root, found) ? undefined : found;
    },
  };
}

/**
 * `#/components/schemas/Pet` is named `Pet`. Every other reference has a hashed tail, so that no two share a name
 * whatever the order in which they are met.
 */
function makeName(ref: string): string {
  const path = readLocalRef(ref) ?? [ref.slice(1)];
  const name = path.at(-1) ?? '';
  const isPlain = /^[A-Za-z0-9._-]+$/.test(name) && /^#\/(components\/schemas|definitions)\/[^/]+$/.test(ref);
  return isPlain ? name : `${name.replaceAll(/[^A-Za-z0-9._-]/g, '_')}_${hash('sha256', ref, 'hex').slice(0, 8)}`;
}

/** A validator would run in such a circle for ever. */
function isCircle(root: JsonObject, found: Json | undefined): boolean {
  const ref = isJsonObject(found) ? found['$ref'] : undefined;
  return typeof ref === 'string' && readLocalRef(ref) !== undefined && resolveObject(root, found) === undefined;
}

/** JSON Schema 2020-12 §8.2.2. A dynamic anchor is taken for the first of its name. */
function findAnchors(root: JsonObject): ReadonlyMap<string, Json> {
  const found = new Map<string, Json>();
  const stack: Json[] = [root];
  const seen = new Set<Json>();
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (typeof at !== 'object' || at === null || seen.has(at)) continue;
    seen.add(at);
    if (isJsonObject(at)) {
      for (const key of ['$anchor', '$dynamicAnchor'] as const) {
        if (typeof at[key] === 'string' && !found.has(at[key])) found.set(at[key], at);
      }
    }
    for (const value of Object.values(at)) if (typeof value === 'object' && value !== null) stack.push(value);
  }
  return found;
}
