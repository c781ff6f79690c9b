import type { Clock, EpochMilliseconds } from '@keyturn/protocol';
import { LRUCache } from 'lru-cache';

/** What an entry can be found and dropped by, beside its key. */
export interface CacheTags {
  readonly jti?: string | undefined;
  readonly sid?: string | undefined;
  readonly sub?: string | undefined;
  readonly pat?: string | undefined;
  readonly audience?: string | undefined;
}

/**
 * What to drop: one tag and its value, such as `{ sid: '…' }`, or everything. Where several tags are given an entry must
 * carry all of them; where none has a value, nothing is meant.
 */
export type CacheSelector = CacheTags | 'all';

/** A bounded cache on the given clock, whose entries can be dropped by tag. */
export interface TaggedCache<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value, until: EpochMilliseconds, tags: CacheTags): void;
  /** Drops what is meant, and says how many entries that were. */
  drop(selector: CacheSelector): number;
  delete(key: string): void;
  readonly size: number;
}

export function createTaggedCache<Value>(options: { readonly max: number; readonly clock: Clock }): TaggedCache<Value> {
  interface Entry {
    readonly value: Value;
    readonly until: EpochMilliseconds;
    readonly tags: CacheTags;
  }
  const keysOf = new Map<string, Set<string>>();
  const entries = new LRUCache<string, Entry>({
    max: options.max,
    dispose: (entry, key) => {
      for (const word of wordsOf(entry.tags)) {
        const keys = keysOf.get(word);
        keys?.delete(key);
        if (keys?.size === 0) keysOf.delete(word);
      }
    },
  });
  const keysWith = (words: readonly string[]): string[] => {
    const [first, ...rest] = words.map((word) => keysOf.get(word) ?? new Set<string>());
    return [...(first ?? [])].filter((key) => rest.every((keys) => keys.has(key)));
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (options.clock() < entry.until) return entry.value;
      entries.delete(key);
      return undefined;
    },
    set(key, value, until, tags) {
      // Deleted first, so that the old entry's tags are gone before the new one's are noted.
      entries.delete(key);
      entries.set(key, { value, until, tags });
      for (const word of wordsOf(tags)) {
        const keys = keysOf.get(word) ?? new Set();
        keysOf.set(word, keys.add(key));
      }
    },
    drop(selector) {
      const keys = selector === 'all' ? [...entries.keys()] : keysWith(wordsOf(selector));
      for (const key of keys) entries.delete(key);
      return keys.length;
    },
    delete: (key) => void entries.delete(key),
    get size() {
      return entries.size;
    },
  };
}

/** Whether something with these tags is meant by the selector. */
export function carries(tags: CacheTags, selector: CacheSelector): boolean {
  if (selector === 'all') return true;
  const own = new Set(wordsOf(tags));
  const words = wordsOf(selector);
  return words.length > 0 && words.every((word) => own.has(word));
}

function wordsOf(tags: CacheTags): string[] {
  const words: string[] = [];
  for (const name of ['jti', 'sid', 'sub', 'pat', 'audience'] as const) {
    if (tags[name] !== undefined) words.push(`${name}:${tags[name]}`);
  }
  return words;
}
