import type { z } from 'zod';

// The one file that looks into zod's schemas: the rest of the loader asks it for names and kinds. It reads their
// definitions, and so zod itself is loaded by those who write schemas only.

/** A schema of any kind. */
export type AnySchema = z.ZodType;

type Definition = z.core.$ZodTypes['_zod']['def'];

/** What a value must be if it is there: optional, default and the like taken off. */
export type SettingKind =
  | { readonly is: 'section'; readonly members: ReadonlyMap<string, AnySchema> }
  /** An object with free names. */
  | { readonly is: 'record'; readonly value: AnySchema }
  | { readonly is: 'list'; readonly item: AnySchema }
  | { readonly is: 'union'; readonly options: readonly AnySchema[]; readonly members: ReadonlyMap<string, AnySchema> }
  | { readonly is: 'number' | 'boolean' | 'other' };

export function kindOf(schema: AnySchema): SettingKind {
  const inner = innerOf(schema);
  if (inner !== undefined) return kindOf(inner);
  const definition = definitionOf(schema);
  switch (definition.type) {
    case 'object':
      return {
        is: 'section',
        members: new Map(Object.entries(definition.shape).map(([name, member]) => [name, part(member)])),
      };
    case 'record':
      return { is: 'record', value: part(definition.valueType) };
    case 'array':
      return { is: 'list', item: part(definition.element) };
    case 'union': {
      const options = definition.options.map(part);
      // Of members that several options have, the first is as good as any for finding names.
      const members = new Map(options.toReversed().flatMap((option) => [...(membersOf(option) ?? [])]));
      return { is: 'union', options, members };
    }
    case 'number':
    case 'boolean':
      return { is: definition.type };
    default:
      return { is: 'other' };
  }
}

/** The members of an object, or of all objects of a union; undefined for anything else. */
export function membersOf(schema: AnySchema): ReadonlyMap<string, AnySchema> | undefined {
  const kind = kindOf(schema);
  return (kind.is === 'section' || kind.is === 'union') && (kind.is === 'section' || kind.members.size > 0)
    ? kind.members
    : undefined;
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
    const kind = kindOf(schema);
    const members = membersOf(schema);
    if (members !== undefined) {
      const wanted = plain(segment);
      const found = [...members].find(([name]) => plain(name) === wanted);
      if (found === undefined) return undefined;
      path.push(found[0]);
      schema = found[1];
    } else if (kind.is === 'record' && isFreeName(segment)) {
      path.push(segment);
      schema = kind.value;
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

function innerOf(schema: AnySchema): AnySchema | undefined {
  const definition = definitionOf(schema);
  switch (definition.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
    case 'nonoptional':
    case 'catch':
      return part(definition.innerType);
    case 'lazy':
      return part(definition.getter());
    case 'pipe': {
      // `preprocess` is a pipe whose first half takes anything.
      const first = part(definition.in);
      return definitionOf(first).type === 'transform' ? part(definition.out) : first;
    }
    default:
      return undefined;
  }
}

/** zod types a schema's definition by its base; in fact it is one of these, told apart by `type`. */
function definitionOf(schema: AnySchema): Definition {
  return schema.def as Definition;
}

/** zod types the parts of a schema by its core; in fact they are as whole as the schema is. */
function part(schema: z.core.$ZodType): AnySchema {
  return schema as AnySchema;
}

function plain(segment: string): string {
  return segment.replaceAll(/[_-]/g, '').toLowerCase();
}
