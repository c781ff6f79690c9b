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

export function number(object: JsonObject, name: string): number | undefined {
  const value = object[name];
  return typeof value === 'number' ? value : undefined;
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

/** A map of texts; numbers and flags become text, as Keycloak reads them, null and the rest fall out. */
export function textMap(value: Json | undefined): Readonly<Record<string, string>> {
  const pairs = Object.entries(object(value)).flatMap(([name, it]) =>
    typeof it === 'string' || typeof it === 'number' || typeof it === 'boolean' ? [[name, String(it)] as const] : [],
  );
  return Object.fromEntries(pairs);
}

/** A map of lists of texts; a single text counts as a list of one. */
export function listMap(value: Json | undefined): Readonly<Record<string, readonly string[]>> {
  const pairs = Object.entries(object(value)).flatMap(([name, it]) => {
    if (typeof it === 'string') return [[name, [it]] as const];
    return Array.isArray(it) ? [[name, texts(it)] as const] : [];
  });
  return Object.fromEntries(pairs);
}

/** Only the members that have a value: for optional properties. */
export function present<T extends object>(members: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>;
  };
}
