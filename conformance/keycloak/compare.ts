import { readFileSync } from 'node:fs';

/** A JSON value as recorded. */
type Value = string | number | boolean | null | readonly Value[] | { readonly [member: string]: Value };

/** One recorded case: what was answered, and what was computed from answers. */
export interface RecordedCase {
  readonly id: string;
  readonly status?: number | null;
  readonly headers?: Readonly<Record<string, Value>>;
  readonly body?: Value;
  readonly claims?: Value;
  readonly observed?: Value;
}

/** How one case differs; no lines: it does not. `undefined` lines: the case was not recorded at all. */
export interface Comparison {
  readonly id: string;
  readonly lines: readonly string[] | undefined;
}

/** Reads a recording. */
export function readRecording(path: string): readonly RecordedCase[] {
  // The capture scripts wrote this file in this shape.
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly cases: readonly RecordedCase[] }).cases;
}

/**
 * Compares two recordings case by case. What Keycloak itself changes from run to run does not count: the order of
 * scopes, audiences, roles and named lists, lifetimes within 3 s, ids, and the prose of pages.
 */
export function compareRecordings(
  expected: readonly RecordedCase[],
  actual: readonly RecordedCase[],
): readonly Comparison[] {
  const recorded = new Map(actual.map((it) => [it.id, it]));
  return expected.map((wanted) => {
    const got = recorded.get(wanted.id);
    return { id: wanted.id, lines: got === undefined ? undefined : compareCase(wanted, got) };
  });
}

function compareCase(wanted: RecordedCase, got: RecordedCase): readonly string[] {
  const lines: string[] = [];
  if ((wanted.status ?? null) !== (got.status ?? null)) lines.push(`status: ${wanted.status} -> ${got.status}`);
  for (const name of ['content-type', 'location', 'www-authenticate']) {
    const [a, b] = [wanted, got].map((it) => header(it, name));
    if (a !== b) lines.push(`header ${name}: ${a} -> ${b}`);
  }
  diff(canon(wanted.body ?? null), canon(got.body ?? null), 'body', lines);
  diff(canon(wanted.claims ?? null), canon(got.claims ?? null), 'claims', lines);
  diff(canon(wanted.observed ?? null), canon(got.observed ?? null), 'observed', lines);
  return lines;
}

function header(it: RecordedCase, name: string): string | undefined {
  const value = canon(it.headers?.[name] ?? null);
  return typeof value === 'string' ? value.toLowerCase().replace(/;\s*charset/, ';charset') : undefined;
}

const proseOfPages = new Set(['title', 'text', 'pageTitle', 'inputs', 'formId', 'message', 'error']);

// Brings a value into a form in which equal behaviour is equal data.
function canon(value: Value, key?: string): Value {
  if (typeof value === 'string') {
    if (key === 'scope') return value.split(' ').sort(byText).join(' ');
    const life = /^<iat\+(\d+)>$/.exec(value)?.[1];
    if (life !== undefined) return { life: Number(life) };
    // One case names a role after the script's process id.
    return value
      .replace(/<id:[^>]+>/g, '<uuid>')
      .replace(/<token:[^>]+>/g, '<jwt>')
      .replace(/loc-test-\d+/g, 'loc-test');
  }
  if (isList(value)) return canonList(value.map((it) => canon(it)));
  if (typeof value !== 'object' || value === null) return value;
  const sorted = Object.keys(value).sort(byText);
  const kept = value['html'] === true ? sorted.filter((name) => !proseOfPages.has(name)) : sorted;
  return Object.fromEntries(kept.map((name) => [name, canon(value[name] ?? null, name)]));
}

// Lists of plain values are sets; lists of things with names are maps.
function canonList(list: readonly Value[]): Value {
  if (list.every((it) => typeof it !== 'object' || it === null))
    return [...list].sort((a, b) => byText(String(a), String(b)));
  const names = list.map(nameOf);
  if (names.some((name) => name === undefined) || new Set(names).size !== names.length) return list;
  const pairs = names.map((name, index) => [name ?? '', list[index] ?? null] as const);
  return { '#list': Object.fromEntries(pairs.sort((a, b) => byText(a[0], b[0]))) };
}

function nameOf(value: Value): string | undefined {
  if (typeof value !== 'object' || value === null || isList(value)) return undefined;
  for (const key of ['name', 'clientId', 'username', 'alias', 'resourceName', 'mapper', 'what', 'use', 'realm']) {
    const name = value[key];
    if (typeof name === 'string') return name;
  }
  return undefined;
}

function diff(a: Value | undefined, b: Value | undefined, path: string, lines: string[]): void {
  if (a === b || (typeof a === 'number' && typeof b === 'number' && Math.abs(a - b) <= 3)) return;
  if (isObject(a) && isObject(b)) {
    for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (!(name in b)) lines.push(`${path}.${name}: missing (was ${short(a[name])})`);
      else if (!(name in a)) lines.push(`${path}.${name}: new ${short(b[name])}`);
      else diff(a[name], b[name], `${path}.${name}`, lines);
    }
    return;
  }
  if (isList(a) && isList(b)) {
    diffLists(a, b, path, lines);
    return;
  }
  lines.push(`${path}: ${short(a)} -> ${short(b)}`);
}

function diffLists(a: readonly Value[], b: readonly Value[], path: string, lines: string[]): void {
  if (a.every(isPlain) && b.every(isPlain)) {
    const missing = a.filter((it) => !b.includes(it));
    const more = b.filter((it) => !a.includes(it));
    if (missing.length + more.length > 0) lines.push(`${path}: - ${short(missing)} + ${short(more)}`);
    return;
  }
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    if (index >= b.length) lines.push(`${path}.${index}: missing (was ${short(a[index])})`);
    else if (index >= a.length) lines.push(`${path}.${index}: new ${short(b[index])}`);
    else diff(a[index], b[index], `${path}.${index}`, lines);
  }
}

function isPlain(value: Value): boolean {
  return typeof value !== 'object' || value === null;
}

function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

function isObject(value: Value | undefined): value is { readonly [member: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function short(value: Value | undefined): string {
  return JSON.stringify(value)?.slice(0, 160) ?? 'nothing';
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
