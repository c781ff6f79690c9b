import type { Store, Tx } from '@keyturn/store';

/** Works a transaction at most, so that one flush does not hold the store for long. */
const maxBatch = 256;

interface Waiting {
  readonly work: (tx: Tx) => Promise<unknown>;
  readonly done: (value: unknown) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Many small writes, few flushes: works that arrive while one flush is under way, or in the same turn of the event loop,
 * share the next transaction, one after the other. Each promise resolves when its work is durable. A work must not fail
 * for reasons of its own (a broken constraint is a value that it returns); where one does, each is tried alone.
 */
export interface GroupCommit {
  readonly run: <Value>(work: (tx: Tx) => Promise<Value>) => Promise<Value>;
  /** Waits for what was handed over. */
  readonly settled: () => Promise<void>;
}

export function openGroupCommit(store: Store): GroupCommit {
  let queue: Waiting[] = [];
  let running: Promise<void> | undefined;

  const write = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      const values = await store.transaction(async (tx) => {
        const results: unknown[] = [];
        for (const { work } of batch) results.push(await work(tx));
        return results;
      });
      batch.forEach(({ done }, i) => done(values[i]));
    } catch (error) {
      const [only] = batch;
      if (batch.length === 1) only?.failed(error);
      else for (const each of batch) await write([each]);
    }
  };
  const drain = async (): Promise<void> => {
    await new Promise(setImmediate);
    while (queue.length > 0) {
      const batch = queue.slice(0, maxBatch);
      queue = queue.slice(maxBatch);
      await write(batch);
      await new Promise(setImmediate);
    }
    running = undefined;
  };
  return {
    run: <Value>(work: (tx: Tx) => Promise<Value>) =>
      new Promise<Value>((resolve, reject) => {
        // What `work` returned comes back to the promise that it belongs to.
        queue.push({ work, done: (value) => resolve(value as Value), failed: reject });
        running ??= drain();
      }),
    settled: async () => running,
  };
}
