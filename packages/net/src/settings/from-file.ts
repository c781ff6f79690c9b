import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Assignment, FoundFault, Place } from './place.ts';
import { coerceText } from './coerce.ts';
import type { SettingAlias } from './names.ts';
import { type AnySchema, findSetting, isFreeName, kindOf, membersOf } from './schema.ts';
import { suggestion } from './suggestion.ts';

/** What a file says: values by setting, where each part of a value stands, and what is wrong with the file. */
export interface FileReading {
  /** False if it is not YAML at all, so that nothing is known of what it says. */
  readonly readable: boolean;
  readonly assignments: readonly Assignment[];
  /** By dotted path, also for what lies inside a list. */
  readonly places: ReadonlyMap<string, Place>;
  readonly faults: readonly FoundFault[];
}

/** Reads YAML 1.2 (and so JSON). A section that is there but empty counts as given; any other empty value does not. */
export function readSettingsFile(
  file: { readonly path: string; readonly text: string },
  schema: AnySchema,
  aliases: readonly SettingAlias[] = [],
): FileReading {
  const lines = new LineCounter();
  const document = parseDocument(file.text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const assignments: Assignment[] = [];
  const places = new Map<string, Place>();
  const faults: FoundFault[] = [];
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { from: 'file', path: file.path, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const complain = (path: readonly string[], offset: number, message: string, remedy: string): void => {
    faults.push({ path: path.join('.'), origin: at(offset), message, remedy });
  };
  for (const problem of [...document.errors, ...document.warnings]) {
    complain([], problem.pos[0], `is not valid YAML: ${problem.message}`, 'correct the file');
  }
  if (document.errors.length > 0) return { readable: false, assignments, places, faults };

  const walk = (node: unknown, wanted: AnySchema, path: readonly string[], offset: number): void => {
    const members = membersOf(wanted);
    const kind = kindOf(wanted);
    const free = kind.is === 'record' ? kind.value : undefined;
    const section = members !== undefined || free !== undefined;
    const empty = node === null || (isScalar(node) && node.value === null);
    if (section && empty) return void assignments.push({ path, value: {}, origin: at(offset) });
    if (empty) return;
    if (!section || !isMap(node)) return leaf(node, path, offset);
    assignments.push({ path, value: {}, origin: at(offset) });
    for (const { key, value } of node.items) {
      const name = isScalar(key) && typeof key.value === 'string' ? key.value : undefined;
      const start = isScalar(key) ? (key.range?.[0] ?? offset) : offset;
      if (name === undefined) {
        complain(path, start, 'has a key that is not text', 'write every key as text');
        continue;
      }
      const named = [...path, name];
      if (aliases.some((alias) => isWithin(alias.file, named))) {
        walkAliases(value, named, start);
        continue;
      }
      const member = members?.get(name) ?? (members === undefined && isFreeName(name) ? free : undefined);
      if (member !== undefined) walk(value, member, [...path, name], start);
      else complain([...path, name], start, 'is not a setting', suggestion(name, members?.keys() ?? []));
    }
  };
  /** Below the name of another program: its settings set ours, and what is none of them is a mistake. */
  const walkAliases = (node: unknown, path: readonly string[], offset: number): void => {
    const name = path.join('.');
    const alias = aliases.find(({ file: known }) => known === name);
    if (alias === undefined && isMap(node)) {
      for (const { key, value } of node.items) {
        const inner = isScalar(key) ? String(key.value) : '';
        walkAliases(value, [...path, inner], startOf(key) ?? offset);
      }
      return;
    }
    if (isScalar(node) && (node.value === null || node.value === '')) return;
    const setting = alias === undefined ? undefined : findSetting(schema, alias.path.split('.'));
    if (alias === undefined || setting === undefined) {
      const known = aliases.flatMap(({ file: other }) => other ?? []);
      return complain(path, offset, 'is not a setting', suggestion(name, known));
    }
    if (alias.implies !== undefined) {
      assignments.unshift({ path: alias.implies.path.split('.'), value: alias.implies.value, origin: at(offset) });
    }
    // Helm values are often text where a list is meant: --set takes nothing else.
    const text = isScalar(node) && typeof node.value === 'string' ? node.value : undefined;
    const read = text === undefined ? undefined : coerceText(text, setting.schema);
    if (read === undefined) leaf(node, setting.path, offset);
    else if (read.ok) assignments.push({ path: setting.path, value: read.value, origin: at(offset) });
    else complain(path, offset, read.refusal, `correct ${name}`);
  };
  const leaf = (node: unknown, path: readonly string[], offset: number): void => {
    try {
      const value: unknown = isYamlNode(node) ? node.toJS(document, { maxAliasCount: 100 }) : node;
      assignments.push({ path, value, origin: at(offset) });
      place(node, path, offset);
    } catch {
      complain(path, offset, 'has aliases (*name) that lead nowhere or repeat too much', 'write the value out');
    }
  };
  const place = (node: unknown, path: readonly string[], offset: number): void => {
    places.set(path.join('.'), at(offset));
    if (isSeq(node)) node.items.forEach((item, i) => place(item, [...path, String(i)], startOf(item) ?? offset));
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (isScalar(key)) place(value, [...path, String(key.value)], key.range?.[0] ?? offset);
      }
    }
  };
  walk(document.contents, schema, [], 0);
  return { readable: true, assignments: assignments.filter(({ path }) => path.length > 0), places, faults };
}

function isYamlNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}

function startOf(node: unknown): number | undefined {
  return isYamlNode(node) ? node.range?.[0] : undefined;
}

/** Whether a path is the name of an alias, or leads to one. */
function isWithin(file: string | undefined, path: readonly string[]): boolean {
  return file !== undefined && `${file}.`.startsWith(`${path.join('.')}.`);
}
