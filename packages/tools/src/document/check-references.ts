import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import type { DocumentFault, Path } from './document-fault.ts';
import { readLocalRef, resolveObject, valueAt } from './pointer.ts';

/** Members whose value is data rather than description, so that a `$ref` in it is just text. */
const literal: ReadonlySet<string> = new Set(['example', 'examples', 'default', 'enum', 'const', 'value']);
/** Members whose own members are names that somebody chose, `example` and `default` among them. */
const named: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  'schemas',
  'responses',
  'parameters',
  'requestBodies',
  'headers',
  '$defs',
  'definitions',
  'dependentSchemas',
  'paths',
  'callbacks',
  'variables',
  'content',
  'pathItems',
  'webhooks',
]);

/** Every `$ref` of the document with its path, in order. Iterative: the depth of a document is not the depth of a stack. */
export function* findReferences(root: JsonObject): Generator<{ readonly ref: string; readonly path: Path }> {
  const stack: { readonly value: Json; readonly path: Path; readonly names: boolean }[] = [
    { value: root, path: [], names: false },
  ];
  // A value that YAML aliases make appear in many places is looked at once.
  const seen = new Set<Json>();
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (typeof at.value !== 'object' || at.value === null || seen.has(at.value)) continue;
    seen.add(at.value);
    if (isJsonObject(at.value)) {
      const ref = at.value['$ref'];
      if (typeof ref === 'string' && !at.names) yield { ref, path: at.path };
    }
    for (const [key, value] of Object.entries(at.value).toReversed()) {
      if (typeof value !== 'object' || value === null) continue;
      if (!at.names && (literal.has(key) || key.startsWith('x-'))) continue;
      const names = !at.names && named.has(key) && isJsonObject(value);
      stack.push({ value, path: [...at.path, Array.isArray(at.value) ? Number(key) : key], names });
    }
  }
}

/** The first reference that leads nowhere, outside, or in a circle of nothing but references. */
export function checkReferences(root: JsonObject): DocumentFault | undefined {
  for (const { ref, path } of findReferences(root)) {
    const at = [...path, '$ref'];
    const local = readLocalRef(ref);
    if (local === undefined) {
      // An anchor (`#Pet`) is found when the schema is read; anything else lies outside.
      if (ref.startsWith('#')) continue;
      return reference(`"${shorten(ref)}" lies outside of the document`, at);
    }
    const target = valueAt(root, local);
    if (target === undefined) return reference(`"${shorten(ref)}" leads nowhere`, at);
    if (isJsonObject(target) && typeof target['$ref'] === 'string' && resolveObject(root, target) === undefined) {
      if (readLocalRef(target['$ref']) !== undefined) return reference(`"${shorten(ref)}" leads in a circle`, at);
    }
  }
  return undefined;
}

function reference(message: string, path: Path): DocumentFault {
  return { why: 'reference', message, path };
}

function shorten(ref: string): string {
  return ref.length > 200 ? `${ref.slice(0, 200)}…` : ref;
}
