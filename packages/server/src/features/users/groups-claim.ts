import type { JsonObject } from '@keyturn/protocol';

/** More entries than this are nobody's groups. */
const most = 20_000;
const longest = 1024;

/** What a token says of groups, and what is odd about it. */
export interface GroupsClaim {
  readonly groups: readonly string[];
  /** For the operator; undefined if nothing is odd. */
  readonly fault: 'missing' | 'malformed' | 'too-many' | undefined;
}

/**
 * Reads the claim of groups. Names are kept character by character: what looks alike is not the same, and slashes are part
 * of a path. No claim is no group: Keycloak leaves it out of the token of whoever is in none, so that anything else would
 * let the last group's role stay. A single text is one group; entries that are no group's name are left out; a claim that
 * is no list, or has more than 20,000 entries, gives no group at all.
 */
export function readGroups(sources: readonly JsonObject[], claim: string): GroupsClaim {
  const source = sources.find((claims) => Object.hasOwn(claims, claim));
  if (source === undefined) return { groups: [], fault: 'missing' };
  const value = source[claim];
  const entries: unknown = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(entries)) return { groups: [], fault: 'malformed' };
  if (entries.length > most) return { groups: [], fault: 'too-many' };
  // A mapper without full paths gives bare names: those of top-level groups, as far as they can be told apart at all. One
  // with a slash in it is no path: whoever may name a group would else choose where it stands.
  const groups = entries.filter(isGroup).map((group) => (group.startsWith('/') ? group : `/${group}`));
  return {
    groups: [...new Set(groups)].toSorted(),
    fault: groups.length === entries.length ? undefined : 'malformed',
  };
}

function isGroup(entry: unknown): entry is string {
  if (typeof entry !== 'string' || entry.length === 0 || entry.length > longest || /\p{Cc}/u.test(entry)) return false;
  return entry.startsWith('/') || !entry.includes('/');
}
