import { type Clock, newId, type Random } from '@keyturn/protocol';
import type { Transaction } from 'kysely';
import { manyRows } from '../many-rows.ts';
import type { AuditEventsTable, StoreTables } from '../tables.ts';
import type { AuditEvent } from './event.ts';
import { type PreparedEvent, placeEvent, prepareEvent } from './prepare.ts';

/** The right to append to the chain, from the first row of a transaction until its commit is known. */
export interface ChainHold {
  write(db: Transaction<StoreTables>, events: readonly PreparedEvent[]): Promise<void>;
  /** Must be called exactly once. After `unknown` the next row begins a new chain. */
  settle(outcome: 'committed' | 'unknown'): void;
}

/**
 * The chain of this process. One transaction at a time holds it, since a row needs the hash of the committed row
 * before it. A commit whose outcome is unknown (the connection broke) would leave the next `prev` a guess, so a new
 * chain begins then.
 */
export class AuditChain {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #insert = manyRows((db, rows: readonly AuditEventsTable[]) =>
    db.insertInto('audit_events').values([...rows]),
  );
  readonly #waiting: (() => void)[] = [];
  #held = false;
  #id: string;
  #seq = 0;
  #head = '';

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    this.#id = newId('aud', random);
  }

  /** Takes an event as it stands now. Throws on facts that JSON cannot hold. */
  prepare(event: AuditEvent): PreparedEvent {
    return prepareEvent(event, this.#clock());
  }

  async hold(): Promise<ChainHold> {
    if (this.#held) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#held = true;
    let seq = this.#seq;
    let head = this.#head;
    return {
      write: async (db, events) => {
        const rows = events.map((event) => {
          seq += 1;
          const row = placeEvent(event, this.#id, seq, head);
          head = row.hash;
          return row;
        });
        await this.#insert(db, rows);
      },
      settle: (outcome) => {
        if (outcome === 'committed') {
          this.#seq = seq;
          this.#head = head;
        } else {
          this.#id = newId('aud', this.#random);
          this.#seq = 0;
          this.#head = '';
        }
        const next = this.#waiting.shift();
        if (next === undefined) this.#held = false;
        else next();
      },
    };
  }
}
