import { readFileSync } from 'node:fs';
import type { Comparison } from './compare.ts';

/** One reason why some cases differ from the recorded Keycloak, and which lines of their comparison it explains. */
export interface KnownDifference {
  readonly what: string;
  readonly why: string;
  /** By case id: beginnings of the comparison's lines (`status`, `body.keys`); `*` explains all lines. */
  readonly cases: Readonly<Record<string, readonly string[]>>;
}

/** The table beside this file; `docs/idp-differences.md` is its readable form. */
export function readKnownDifferences(): readonly KnownDifference[] {
  const path = new URL('known-differences.json', import.meta.url);
  // Written by hand in this shape; the suite fails on a case that it does not explain.
  return JSON.parse(readFileSync(path, 'utf8')) as readonly KnownDifference[];
}

export interface Judgement {
  readonly equal: readonly string[];
  /** Differ as the table says. */
  readonly known: readonly string[];
  /** Differ in a way that the table does not list. */
  readonly unlisted: readonly Comparison[];
  /** Listed, but equal now: the table is out of date. */
  readonly stale: readonly string[];
}

/** Sorts a comparison by the table. */
export function judge(comparisons: readonly Comparison[], table: readonly KnownDifference[]): Judgement {
  const explained = new Map<string, string[]>();
  for (const { cases } of table) {
    for (const [id, lines] of Object.entries(cases)) explained.set(id, [...(explained.get(id) ?? []), ...lines]);
  }
  const equal: string[] = [];
  const known: string[] = [];
  const unlisted: Comparison[] = [];
  for (const { id, lines } of comparisons) {
    const starts = explained.get(id) ?? [];
    const rest = lines?.filter((line) => !starts.some((start) => start === '*' || line.startsWith(start)));
    if (lines?.length === 0) equal.push(id);
    else if (rest?.length === 0 || (lines === undefined && starts.includes('*'))) known.push(id);
    else unlisted.push({ id, lines: rest });
  }
  return { equal, known, unlisted, stale: equal.filter((id) => explained.has(id)) };
}
