import type { PreparedEvent } from './prepare.ts';

interface Waiting {
  readonly event: PreparedEvent;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Rows a transaction at most, so that one flush does not hold the store for long. */
const maxBatch = 1024;

/**
 * Group commit: events that arrive while one flush is under way, or in the same turn of the event loop, share the
 * next. Each promise resolves when its row is durable, and rejects if the flush failed.
 */
export class AuditRecorder {
  readonly #write: (events: readonly PreparedEvent[]) => Promise<void>;
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(write: (events: readonly PreparedEvent[]) => Promise<void>) {
    this.#write = write;
  }

  record(event: PreparedEvent): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the store is closed'));
    return new Promise((done, failed) => {
      this.#queue.push({ event, done, failed });
      this.#running ??= this.#run();
    });
  }

  /** Waits for what was handed over before, and takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // All requests that came in with this turn of the loop get into one flush.
    await new Promise(setImmediate);
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, maxBatch);
      try {
        await this.#write(batch.map((waiting) => waiting.event));
        for (const waiting of batch) waiting.done();
      } catch (error) {
        for (const waiting of batch) waiting.failed(error);
      }
      await new Promise(setImmediate);
    }
    this.#running = undefined;
  }
}
