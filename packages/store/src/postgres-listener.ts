import {
  type Clock,
  type EpochMilliseconds,
  epochMilliseconds,
  type Milliseconds,
  newId,
  type Random,
} from '@keyturn/protocol';
import { Client } from 'pg';
import type { Listeners } from './notifications.ts';

export interface PostgresListenerOptions {
  readonly url: string;
  /** The one PostgreSQL channel that carries all of this store's channels. */
  readonly wire: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly listeners: Listeners;
  readonly heartbeat: Milliseconds;
  readonly report: (error: unknown) => void;
}

/** Waits before reconnecting: soon at first, then every five seconds. */
const retryDelays = [100, 250, 500, 1000, 2000, 5000] as const;

/**
 * Hears the notifications of all processes, on a connection of its own. It notifies itself of a heartbeat: PostgreSQL
 * delivers in the order of commits, so whatever was committed before a heartbeat was sent has been delivered once it
 * comes back. A connection that does not bring it back until the next is due is given up and made anew.
 */
export class PostgresListener {
  readonly #options: PostgresListenerOptions;
  #started: Promise<void> | undefined;
  #client: Client | undefined;
  #since: EpochMilliseconds = epochMilliseconds(0);
  #awaited: { readonly beat: string; readonly sentAt: EpochMilliseconds } | undefined;
  #beats = 0;
  readonly #id: string;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PostgresListenerOptions) {
    this.#options = options;
    this.#id = newId('evt', options.random);
  }

  get since(): EpochMilliseconds {
    return this.#since;
  }

  /** Resolves when it hears. Rejects if the first connection fails; a later loss mends itself. */
  start(): Promise<void> {
    this.#started ??= this.#connect(false).catch((error: unknown) => {
      this.#started = undefined;
      throw error;
    });
    return this.#started;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(this.#options.report);
  }

  /** What was notified while there was no connection is gone: `since` moves only once every listener has read again. */
  async #connect(again: boolean): Promise<void> {
    const { url, wire } = this.#options;
    const client = new Client({
      connectionString: url,
      application_name: `listener ${wire}`,
      keepAlive: true,
      connectionTimeoutMillis: 2 * this.#options.heartbeat,
    });
    client.on('error', (error) => this.#lose(client, error));
    client.on('end', () => this.#lose(client, new Error('the connection that hears notifications has ended')));
    client.on('notification', ({ payload = '' }) => this.#hear(payload));
    this.#client = client;
    try {
      await client.connect();
      await client.query(`listen ${client.escapeIdentifier(wire)}`);
      if (again) await this.#options.listeners.tellMissed();
    } catch (error) {
      this.#client = undefined;
      client.end().catch(() => undefined);
      throw error;
    }
    // Closed, or lost, while the listeners were reading.
    if (this.#closed || this.#client !== client) await client.end();
    else this.#beat(client);
  }

  #hear(message: string): void {
    const end = message.indexOf('\n');
    const channel = message.slice(0, end);
    const payload = message.slice(end + 1);
    if (channel !== '') this.#options.listeners.deliver(channel, payload);
    else if (this.#awaited?.beat === payload) {
      this.#since = this.#awaited.sentAt;
      this.#awaited = undefined;
      this.#failures = 0;
    }
  }

  #beat(client: Client): void {
    if (this.#awaited !== undefined) return this.#lose(client, new Error('a heartbeat did not come back'));
    this.#beats += 1;
    const beat = `${this.#id}.${this.#beats}`;
    this.#awaited = { beat, sentAt: this.#options.clock() };
    client.query('select pg_notify($1, $2)', [this.#options.wire, `\n${beat}`]).catch((error: unknown) => {
      this.#lose(client, error);
    });
    this.#later(this.#options.heartbeat, () => this.#beat(client));
  }

  #lose(client: Client, error: unknown): void {
    if (this.#closed || this.#client !== client) return;
    this.#client = undefined;
    this.#awaited = undefined;
    this.#options.report(error);
    client.end().catch(() => undefined);
    this.#reconnectLater();
  }

  #reconnectLater(): void {
    const delay = retryDelays[Math.min(this.#failures, retryDelays.length - 1)] ?? 5000;
    this.#failures += 1;
    this.#later(delay, () => {
      this.#connect(true).catch((error: unknown) => {
        this.#options.report(error);
        if (!this.#closed && this.#client === undefined) this.#reconnectLater();
      });
    });
  }

  #later(delay: number, action: () => void): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(action, delay).unref();
  }
}
