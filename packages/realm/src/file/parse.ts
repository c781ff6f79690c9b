import { isJsonObject, type Json, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import type { Path, RealmRepresentation } from '../representation.ts';
import { showPath } from '../representation.ts';
import { type ExpandedRealm, expandRecipes } from '../recipes/expand.ts';
import { findJsonFault } from './json-fault.ts';
import { type PlaceholderOptions, resolvePlaceholders } from './placeholders.ts';
import { checkShape } from './shape.ts';

/** Something wrong in a realm file, at a place that an editor can jump to. Holds no value of the file. */
export interface RealmFileFault {
  /** As given, so that `file:line:column` is a link in a terminal. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** `realm.yaml:12:15: clients[0].secret: …` */
export function showRealmFileFault(fault: RealmFileFault): string {
  return `${fault.file}:${fault.line}:${fault.column}: ${fault.message}`;
}

export interface RealmFileOptions extends PlaceholderOptions {
  /** The file's name: shown in faults, and `.json` makes the text strict JSON. Other names are read as YAML 1.2. */
  readonly path: string;
}

/**
 * A realm file as Keycloak's representation: parsed, its placeholders resolved, its known members checked and its
 * recipes replaced by what they stand for. Refuses with every fault at once, each with line and column.
 */
export function parseRealmFile(
  text: string,
  options: RealmFileOptions,
): Result<RealmRepresentation, readonly RealmFileFault[]> {
  const declared = parseRealmDeclaration(text, options);
  return declared.ok ? ok(declared.value.representation) : declared;
}

/** The same, with what the recipes say of themselves: for `plan` and `explain`. */
export function parseRealmDeclaration(
  text: string,
  options: RealmFileOptions,
): Result<ExpandedRealm, readonly RealmFileFault[]> {
  const parsed = parseText(text, options.path);
  if (!parsed.ok) return parsed;
  const { value, locate } = parsed.value;
  if (!isJsonObject(value)) return refuse([{ ...locate([]), message: 'a realm file holds one object' }]);

  const resolved = resolvePlaceholders(value, options);
  const faults = resolved.ok ? [] : resolved.refusal.map((fault) => ({ ...locate(fault.at), message: fault.message }));
  // The shape is checked even when placeholders are missing, so that one run shows everything.
  const shaped = checkShape(resolved.ok ? asObject(resolved.value) : value);
  for (const fault of shaped.faults) {
    const unread = !resolved.ok || options.unresolved === 'as-written';
    if (!(unread && hasPlaceholder(value, fault.at))) {
      faults.push({ ...locate(fault.at), message: `${showPath(fault.at)}: ${fault.message}` });
    }
  }
  // `realm` is required by the shape, so without faults the object is a representation.
  const expanded = expandRecipes(shaped.value as RealmRepresentation);
  for (const fault of expanded.faults) {
    if (resolved.ok) faults.push({ ...locate(fault.at), message: `${showPath(fault.at)}: ${fault.message}` });
  }
  return faults.length > 0 ? refuse(faults) : ok(expanded);
}

function asObject(value: Json): JsonObject {
  return isJsonObject(value) ? value : {};
}

function hasPlaceholder(value: Json | undefined, at: Path): boolean {
  const found = at.reduce<Json | undefined>((inner, part) => {
    if (Array.isArray(inner)) return inner[Number(part)];
    return isJsonObject(inner) ? inner[part] : undefined;
  }, value);
  return typeof found === 'string' && found.includes('${');
}

type Locate = (path: Path) => Omit<RealmFileFault, 'message'>;

function parseText(
  text: string,
  file: string,
): Result<{ readonly value: Json; readonly locate: Locate }, readonly RealmFileFault[]> {
  const lines = new LineCounter();
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (/\.json$/i.test(file)) {
    const fault = findJsonFault(source);
    if (fault !== undefined) {
      countLines(source, lines);
      return refuse([{ ...place(fault.offset), message: fault.message }]);
    }
  }
  // JSON is YAML: one reader gives the places of both. Aliases are capped by the library (100), against "billion laughs".
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: true, version: '1.2', prettyErrors: false });
  const errors = [...document.errors, ...document.warnings];
  if (errors.length > 0) return refuse(errors.map((error) => ({ ...place(error.pos[0]), message: error.message })));
  try {
    const value: unknown = document.toJS();
    return ok({ value: toJson(value), locate: (path) => place(offsetOf(document, path)) });
  } catch (error) {
    return refuse([{ ...place(0), message: error instanceof Error ? error.message : 'cannot be read' }]);
  }
}

function countLines(text: string, lines: LineCounter): void {
  lines.addNewLine(0);
  for (let index = text.indexOf('\n'); index !== -1; index = text.indexOf('\n', index + 1)) lines.addNewLine(index + 1);
}

/** What YAML's core schema gives is JSON but for an empty document, NaN and infinities: those become null. */
function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value ?? null)) as Json;
}

/** The offset of the innermost node on a path that exists in the file. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}
