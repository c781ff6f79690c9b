import { type Clock, newId, type Random } from '@keyturn/protocol';
import { CompiledQuery, type Transaction } from 'kysely';
import type { AuditEventsTable, StoreTables } from '../tables.ts';
import type { AuditEvent } from './event.ts';
import { type PreparedEvent, placeEvent, prepareEvent } from './prepare.ts';

/** The right to append to the chain, from the first row of a transaction until its commit is known. */
export interface ChainHold {
  write(db: Transaction<StoreTables>, events: readonly PreparedEvent[]): Promise<void>;
  /** Must be called exactly once. After `unknown` the next row begins a new chain. */
  settle(outcome: 'committed' | 'unknown'): void;
}

/** Rows a statement: few texts to prepare, and a full batch in few statements. */
const statementSizes = [64, 8, 1] as const;

/**
 * The chain of this process. One transaction at a time holds it, since a row needs the hash of the committed row
 * before it. A commit whose outcome is unknown (the connection broke) would leave the next `prev` a guess, so a new
 * chain begins then.
 */
export class AuditChain {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #statements = new Map<number, string>();
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

  async #insert(db: Transaction<StoreTables>, rows: readonly AuditEventsTable[]): Promise<void> {
    let from = 0;
    for (const size of statementSizes) {
      for (; rows.length - from >= size; from += size) {
        const batch = rows.slice(from, from + size);
        await db.executeQuery(
          CompiledQuery.raw(
            this.#statement(db, batch),
            batch.flatMap((row) => Object.values(row)),
          ),
        );
      }
    }
  }

  /**
   * Compiled once a size: on the path of every call, compiling would cost more than the insert. Every row has its
   * members in one order, that of `placeEvent`, so that the values of one fit the columns of another.
   */
  #statement(db: Transaction<StoreTables>, batch: readonly AuditEventsTable[]): string {
    const known = this.#statements.get(batch.length);
    if (known !== undefined) return known;
    const text = db
      .insertInto('audit_events')
      .values([...batch])
      .compile().sql;
    this.#statements.set(batch.length, text);
    return text;
  }
}
