import { z } from 'zod';

// The one file that looks into zod's schemas: the rest of the loader asks it for names and types.

/** A schema of any kind, as zod's own types hold their parts. */
export type AnySchema = z.core.$ZodType;

/** Takes off optional, default and the like: what a value must be if it is there. */
export function unwrap(schema: AnySchema): AnySchema {
  const inner = innerOf(schema);
  return inner === undefined ? schema : unwrap(inner);
}

function innerOf(schema: AnySchema): AnySchema | undefined {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodNonOptional ||
    schema instanceof z.ZodCatch
  ) {
    return schema.def.innerType;
  }
  if (schema instanceof z.ZodLazy) return schema.def.getter();
  if (!(schema instanceof z.ZodPipe)) return undefined;
  // `preprocess` is a pipe whose first half takes anything.
  return schema.def.in instanceof z.ZodTransform ? schema.def.out : schema.def.in;
}

/** The members of an object, or of all objects of a union; undefined for anything else. */
export function membersOf(schema: AnySchema): ReadonlyMap<string, AnySchema> | undefined {
  const bare = unwrap(schema);
  if (bare instanceof z.ZodObject) return new Map(Object.entries(bare.shape));
  if (!(bare instanceof z.ZodUnion)) return undefined;
  const members = new Map<string, AnySchema>();
  for (const option of bare.options) {
    for (const [name, member] of membersOf(option) ?? []) if (!members.has(name)) members.set(name, member);
  }
  return members.size > 0 ? members : undefined;
}

/** What the members of a record with free names must be; undefined for anything else. */
export function recordValueOf(schema: AnySchema): AnySchema | undefined {
  const bare = unwrap(schema);
  return bare instanceof z.ZodRecord ? bare.valueType : undefined;
}

/** A setting that some spelling of its name leads to. */
export interface FoundSetting {
  readonly path: readonly string[];
  readonly schema: AnySchema;
}

/** Follows a name, segment by segment: `JWKS_URL`, `jwks-url` and `jwksUrl` are one. */
export function findSetting(root: AnySchema, segments: readonly string[]): FoundSetting | undefined {
  let schema = root;
  const path: string[] = [];
  for (const segment of segments) {
    const members = membersOf(schema);
    const free = recordValueOf(schema);
    if (members !== undefined) {
      const wanted = plain(segment);
      const found = [...members].find(([name]) => plain(name) === wanted);
      if (found === undefined) return undefined;
      path.push(found[0]);
      schema = found[1];
    } else if (free !== undefined && isFreeName(segment)) {
      path.push(segment);
      schema = free;
    } else return undefined;
  }
  return { path, schema };
}

/** Whether a record may have a member of this name: those that JavaScript treats specially are left to attackers. */
export function isFreeName(name: string): boolean {
  return name !== '' && name !== '__proto__' && name !== 'constructor' && name !== 'prototype';
}

/** The dotted names of all settings that hold a value. */
export function settingNames(schema: AnySchema, path: readonly string[] = []): readonly string[] {
  const members = membersOf(schema);
  // A schema that holds itself would have names without end.
  if (members === undefined || path.length > 8) return [path.join('.')];
  return [...members].flatMap(([name, member]) => settingNames(member, [...path, name]));
}

function plain(segment: string): string {
  return segment.replaceAll(/[_-]/g, '').toLowerCase();
}
