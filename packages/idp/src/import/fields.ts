import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';

// Readers of foreign JSON: each gives what is there in the wanted type, or nothing.

export function text(object: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

export function flag(object: JsonObject, name: string): boolean | undefined {
  const value = object[name];
  return typeof value === 'boolean' ? value : undefined;
}

export function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

export function texts(value: Json | undefined): readonly string[] {
  return list(value).filter((it) => typeof it === 'string');
}

export function objects(value: Json | undefined): readonly JsonObject[] {
  return list(value).filter(isJsonObject);
}

export function object(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** A map without the members that are null. */
export function textsOnly(
  given: Readonly<Record<string, string | null>> | undefined,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(given ?? {}).filter((pair): pair is [string, string] => pair[1] !== null));
}
