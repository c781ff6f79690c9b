import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';

/** The path as a JSON pointer. RFC 6901 §3. */
export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The steps of a local reference (`#/components/schemas/Pet`), percent-decoded by RFC 6901 §6; undefined if it is none. */
export function readLocalRef(ref: string): readonly string[] | undefined {
  if (ref === '#') return [];
  if (!ref.startsWith('#/')) return undefined;
  const steps = ref.slice(2).split('/');
  // Nearly all have nothing to decode, and documents have hundreds of thousands of them.
  if (!/[%~]/.test(ref)) return steps;
  return steps.map((step) => decode(step).replaceAll('~1', '/').replaceAll('~0', '~'));
}

function decode(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

/** What a path leads to; undefined if nothing, or only by way of a prototype. */
export function valueAt(root: Json, path: readonly string[]): Json | undefined {
  let value: Json | undefined = root;
  for (const step of path) {
    if (Array.isArray(value)) value = /^\d+$/.test(step) ? value[Number(step)] : undefined;
    else if (isJsonObject(value)) value = Object.hasOwn(value, step) ? value[step] : undefined;
    else return undefined;
  }
  return value;
}

/** The object that a value is or, by references, leads to; undefined where that ends nowhere, in a circle, or in no object. */
export function resolveObject(root: JsonObject, value: Json | undefined): JsonObject | undefined {
  let at = value;
  for (let hops = 0; hops < 100; hops += 1) {
    if (!isJsonObject(at)) return undefined;
    const ref = at['$ref'];
    if (typeof ref !== 'string') return at;
    const path = readLocalRef(ref);
    if (path === undefined) return undefined;
    at = valueAt(root, path);
  }
  return undefined;
}
