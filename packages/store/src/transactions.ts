import { AsyncLocalStorage } from 'node:async_hooks';
import type { Kysely, Transaction } from 'kysely';
import type { AuditChain } from './audit/chain.ts';
import { commitWithAudit } from './audit/commit.ts';
import type { AuditEvent } from './audit/event.ts';
import type { PreparedEvent } from './audit/prepare.ts';
import type { StoreTables } from './tables.ts';

/** A transaction under way. Valid until the function it was given to has returned. */
export interface Tx {
  /** A feature sees its own tables by `tx.db.withTables<PatTables>()`. */
  readonly db: Transaction<StoreTables>;
  /** Tells every replica's listeners of the channel, when and only if this commits. At most 7,000 bytes of UTF-8. */
  notify(channel: string, payload: string): Promise<void>;
  /** Records what this transaction does, in it: both are durable or neither. The same as `store.audit.append(tx, …)`. */
  audit(event: AuditEvent): void;
  /** Runs after the commit, in this process only; for dropping caches and the like. What it throws is reported. */
  afterCommit(action: () => void): void;
}

/** A transaction as the store itself has it. */
export interface InnerTx extends Tx {
  /** The same as `audit`, of an event as it stood when it was handed over. */
  auditPrepared(event: PreparedEvent): void;
}

/** Called before a connection is taken; throws if the caller is inside a transaction and would wait for itself. */
export type AcquireGuard = () => void;

/** How a notification leaves with its transaction. */
export type SendNotification = (tx: Tx, channel: string, payload: string) => Promise<void>;

interface Scope {
  readonly tx: InnerTx;
  open: boolean;
  failed: { readonly cause: unknown } | undefined;
}

const maxPayloadBytes = 7000;

/** Runs functions in transactions and knows, by async context, whether it is already inside one. */
export class Transactions {
  readonly #scopes = new AsyncLocalStorage<Scope | undefined>();
  readonly #report: (error: unknown) => void;

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** For the dialect. */
  readonly guard: AcquireGuard = () => {
    if (this.inside) {
      throw new Error('a query was made on store.db inside a transaction: use the db of the transaction');
    }
  };

  get inside(): boolean {
    return this.#scopes.getStore()?.open === true;
  }

  /** Runs `action` as if nothing had begun a transaction: for work that merely was started inside one. */
  outside<Value>(action: () => Value): Value {
    return this.#scopes.run(undefined, action);
  }

  /** Nested calls join. If a nested one fails the outermost cannot commit, even if its function swallows the error. */
  async run<Value>(
    db: Kysely<StoreTables>,
    chain: AuditChain,
    send: SendNotification,
    action: (tx: InnerTx) => Promise<Value>,
  ): Promise<Value> {
    const outer = this.#scopes.getStore();
    if (outer?.open === true) return join(outer, action);
    const afterCommit: (() => void)[] = [];
    const value = await commitWithAudit(db, chain, async (transaction, audit) => {
      const events: PreparedEvent[] = [];
      const tx: InnerTx = {
        db: transaction,
        notify: async (channel, payload) => {
          checkNotification(channel, payload);
          await send(tx, channel, payload);
        },
        audit: (event) => void events.push(chain.prepare(event)),
        auditPrepared: (event) => void events.push(event),
        afterCommit: (action) => void afterCommit.push(action),
      };
      const scope: Scope = { tx, open: true, failed: undefined };
      try {
        const result = await this.#scopes.run(scope, () => action(tx));
        if (scope.failed !== undefined) {
          throw new Error('a nested transaction failed, so that the outer one cannot commit', scope.failed);
        }
        await audit(events);
        return result;
      } finally {
        scope.open = false;
      }
    });
    for (const action of afterCommit) {
      try {
        action();
      } catch (error) {
        // The commit has happened: an error from here would tell the caller that it had not.
        this.#report(error);
      }
    }
    return value;
  }
}

async function join<Value>(scope: Scope, action: (tx: InnerTx) => Promise<Value>): Promise<Value> {
  try {
    return await action(scope.tx);
  } catch (error) {
    scope.failed ??= { cause: error };
    throw error;
  }
}

/** What PostgreSQL would refuse is refused on SQLite too. */
function checkNotification(channel: string, payload: string): void {
  if (!/^[A-Za-z0-9_.:-]{1,63}$/.test(channel)) throw new RangeError(`"${channel}" is not a channel`);
  if (payload.includes('\0') || Buffer.byteLength(payload) > maxPayloadBytes) {
    throw new RangeError(`a notification on ${channel} holds NUL or more than ${maxPayloadBytes} bytes`);
  }
}
