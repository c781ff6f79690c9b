/**
 * Remembers what was verified, by the whole text of the token. Bounded: entries live in two generations, and when the
 * young one is half the bound, the old one is dropped and they change places. What is used is carried along, what is
 * not is forgotten, and a look-up costs one or two hashes of the text: no list to keep in order.
 */
export interface TokenCache<Entry> {
  get(token: string): Entry | undefined;
  set(token: string, entry: Entry): void;
  delete(token: string): void;
  readonly size: number;
}

export function createTokenCache<Entry>(maxEntries: number): TokenCache<Entry> {
  const generation = Math.max(1, Math.floor(maxEntries / 2));
  const none = maxEntries < 1;
  let young = new Map<string, Entry>();
  let old = new Map<string, Entry>();
  const set = (token: string, entry: Entry): void => {
    if (none) return;
    if (young.size >= generation && !young.has(token)) {
      old = young;
      young = new Map();
    }
    young.set(token, entry);
  };
  return {
    get(token) {
      const entry = young.get(token);
      if (entry !== undefined) return entry;
      const older = old.get(token);
      if (older !== undefined) {
        old.delete(token);
        set(token, older);
      }
      return older;
    },
    set,
    delete(token) {
      young.delete(token);
      old.delete(token);
    },
    get size() {
      return young.size + old.size;
    },
  };
}
