/**
 * A map that is never changed: setting and deleting give a new one, which shares almost everything with the old. It is
 * a row of small maps, so that a change copies one of them and the row, whether there are ten entries or a hundred
 * thousand.
 */
export class PersistentMap<Value> implements Iterable<readonly [string, Value]> {
  readonly size: number;
  readonly #shards: readonly ReadonlyMap<string, Value>[];

  private constructor(shards: readonly ReadonlyMap<string, Value>[], size: number) {
    this.#shards = shards;
    this.size = size;
  }

  static from<Value>(entries: Iterable<readonly [string, Value]>): PersistentMap<Value> {
    const shards: Map<string, Value>[] = Array.from({ length: shardCount }, () => new Map());
    for (const [key, value] of entries) shards[shardOf(key)]?.set(key, value);
    return new PersistentMap(
      shards,
      shards.reduce((sum, shard) => sum + shard.size, 0),
    );
  }

  get(key: string): Value | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  has(key: string): boolean {
    return this.#shards[shardOf(key)]?.has(key) === true;
  }

  set(key: string, value: Value): PersistentMap<Value> {
    const index = shardOf(key);
    const shard = new Map(this.#shards[index]);
    const grown = shard.has(key) ? 0 : 1;
    shard.set(key, value);
    return new PersistentMap(this.#shards.with(index, shard), this.size + grown);
  }

  delete(key: string): PersistentMap<Value> {
    const index = shardOf(key);
    const shard = new Map(this.#shards[index]);
    return shard.delete(key) ? new PersistentMap(this.#shards.with(index, shard), this.size - 1) : this;
  }

  *[Symbol.iterator](): Iterator<readonly [string, Value]> {
    for (const shard of this.#shards) yield* shard;
  }
}

const shardCount = 512;

/** FNV-1a. Keys come from the identity provider and from administrators; crowding one shard would only cost time. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 16)) & (shardCount - 1);
}
