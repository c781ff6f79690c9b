import type { Tx } from './transactions.ts';

/** Items of one kind that a transaction takes at most, so that one flush does not hold the store for long. */
const maxBatch = 512;

/** How long an item waits for others at most, in milliseconds. */
const longestWait = 5;

/** Writes all items of one kind that share a transaction, and says of each, in their order, what came of it. */
export type WriteAll<Item, Value, In = Tx> = (tx: In, items: readonly Item[]) => Promise<readonly Value[]>;

/** Resolves once the item is durable, with what came of it. */
export type Write<Item, Value> = (item: Item) => Promise<Value>;

/** Some items of one kind that go into the same transaction. */
interface Batch<In> {
  readonly size: number;
  /** Writes them. What it resolves to is called once they are durable. */
  readonly write: (tx: In) => Promise<() => void>;
  readonly fail: (error: unknown) => void;
  readonly each: () => readonly Batch<In>[];
}

/** Takes what waits of one kind. */
type Lane<In> = () => Batch<In>;

/**
 * Many small writes, few flushes: what arrives while one flush is under way, or as long as each turn of the event loop
 * brings more, shares the next transaction, whatever its kind. Kinds are written in the order in which they were made, so that replicas
 * wait for each other's rows in one order too.
 */
export class GroupCommit<In> {
  readonly #transaction: <Value>(action: (tx: In) => Promise<Value>) => Promise<Value>;
  readonly #lanes: Lane<In>[] = [];
  #running: Promise<void> | undefined;
  #arrived = 0;
  #closed = false;

  constructor(transaction: <Value>(action: (tx: In) => Promise<Value>) => Promise<Value>) {
    this.#transaction = transaction;
  }

  /** A kind of write. Where the database refuses an item, that one rejects and those that came with it do not. */
  kind<Item, Value>(writeAll: WriteAll<Item, Value, In>): Write<Item, Value> {
    const queue: Waiting<Item, Value>[] = [];
    this.#lanes.push(() => batchOf(writeAll, queue.splice(0, maxBatch)));
    return (item) => {
      if (this.#closed) return Promise.reject(new Error('the store is closed'));
      return new Promise((done, failed) => {
        queue.push({ item, done, failed });
        this.#arrived += 1;
        this.#running ??= this.#run();
      });
    };
  }

  /** Waits for what was handed over before, and takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#gather();
      const batches = this.#lanes.map((take) => take()).filter(({ size }) => size > 0);
      if (batches.length === 0) break;
      await this.#commit(batches);
    }
    this.#running = undefined;
  }

  /** As long as each turn of the event loop brings more, the flush waits for it: one costs what many cost. */
  async #gather(): Promise<void> {
    const until = performance.now() + longestWait;
    let before: number;
    do {
      before = this.#arrived;
      await new Promise(setImmediate);
    } while (this.#arrived > before && performance.now() < until);
  }

  /** False where the database did not even let the writing begin. */
  async #commit(batches: readonly Batch<In>[]): Promise<boolean> {
    let isWriting = false;
    let hasBegun = false;
    try {
      const durable = await this.#transaction(async (tx) => {
        isWriting = hasBegun = true;
        const settled: (() => void)[] = [];
        for (const batch of batches) settled.push(await batch.write(tx));
        isWriting = false;
        return settled;
      });
      for (const settle of durable) settle();
    } catch (error) {
      const items = batches.flatMap((batch) => batch.each());
      // One item that cannot be written must not take the others with it. What failed at the commit may be durable all
      // the same, so that it must not be tried again.
      let goesOn = isWriting && items.length > 1;
      for (const item of items) {
        if (goesOn) goesOn = await this.#commit([item]);
        else item.fail(error);
      }
    }
    return hasBegun;
  }
}

interface Waiting<Item, Value> {
  readonly item: Item;
  readonly done: (value: Value) => void;
  readonly failed: (error: unknown) => void;
}

function batchOf<Item, Value, In>(
  writeAll: WriteAll<Item, Value, In>,
  waiting: readonly Waiting<Item, Value>[],
): Batch<In> {
  return {
    size: waiting.length,
    async write(tx) {
      const values = await writeAll(
        tx,
        waiting.map(({ item }) => item),
      );
      if (values.length !== waiting.length) throw new RangeError('a group of writes did not say what came of each');
      return () => values.forEach((value, i) => waiting[i]?.done(value));
    },
    fail: (error) => waiting.forEach(({ failed }) => failed(error)),
    each: () => waiting.map((one) => batchOf(writeAll, [one])),
  };
}
