import { explainWebhookRefusal, type GuardedFetch, sendWebhook, webhookDelay } from '@keyturn/net';
import { type Clock, type JsonObject, newId, type Random, secondsOf } from '@keyturn/protocol';
import type { Store, Tx } from '@keyturn/store';
import type { EventSettings } from '../../config/events.ts';
import { matchesName } from '../../http/pat-limits.ts';
import type { Log } from '../../outside/log.ts';
import type { EventTables, WebhookRow } from './tables.ts';

/**
 * Signed webhooks, delivered at least once: what is announced inside a transaction is kept with it, and sent after. One
 * replica makes each attempt; a receiver that fails is tried again for about three days and then given up, in the log.
 */
export interface Webhooks {
  /** Keeps an event for every receiver that wants it. `type` is its name, `data` what it says. */
  readonly announce: (tx: Tx, type: string, data: JsonObject) => Promise<void>;
  /** Makes every attempt that is due. */
  readonly deliver: () => Promise<void>;
  readonly close: () => void;
}

const attemptTime = 60_000;
const batch = 50;

export function openWebhooks(parts: {
  readonly settings: EventSettings | undefined;
  readonly store: Store;
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): Webhooks {
  const { store, fetch, clock, random, log } = parts;
  const hooks = parts.settings?.webhooks ?? [];
  const db = store.db.withTables<EventTables>();

  const attempt = async (row: WebhookRow): Promise<void> => {
    const which = (query: number) =>
      db.updateTable('events_webhook').set({ next_at: query }).where('id', '=', row.id).where('url', '=', row.url);
    const hook = hooks.find(({ url }) => url === row.url);
    const remove = () => db.deleteFrom('events_webhook').where('id', '=', row.id).where('url', '=', row.url).execute();
    // Its receiver is no longer in the settings.
    if (hook === undefined) return void (await remove());
    const taken = await which(clock() + attemptTime)
      .where('next_at', '=', row.next_at)
      .executeTakeFirst();
    if (taken.numUpdatedRows !== 1n) return;
    const { id, body, url } = row;
    const sent = await sendWebhook(fetch, { url, secrets: hook.secrets, id, body }, secondsOf(clock()));
    if (sent.ok) return void (await remove());
    const attempts = row.attempts + 1;
    const delay = webhookDelay(attempts, sent.refusal, random);
    const facts = { event: id, receiver: new URL(url).origin, attempts, reason: explainWebhookRefusal(sent.refusal) };
    if (delay === undefined) {
      log.error(facts, 'a webhook was given up');
      await remove();
      return;
    }
    log.warn(facts, 'a webhook was not taken and will be tried again');
    await which(clock() + delay * 1000)
      .set({ attempts })
      .execute();
  };

  let delivering: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    const due = await db
      .selectFrom('events_webhook')
      .selectAll()
      .where('next_at', '<=', clock())
      .orderBy('next_at')
      .orderBy('id')
      .limit(batch)
      .execute();
    await Promise.all(due.map(attempt));
    if (due.length === batch) await run();
  };
  const deliver = async (): Promise<void> => {
    delivering ??= run().finally(() => (delivering = undefined));
    await delivering;
  };
  const poke = (): void =>
    void deliver().catch((error: unknown) => log.warn({ error: String(error) }, 'webhooks could not be delivered'));
  const timer = hooks.length === 0 ? undefined : setInterval(poke, 1000).unref();

  return {
    async announce(tx, type, data) {
      const wanting = hooks.filter(({ events }) => matchesName(events, type));
      if (wanting.length === 0) return;
      const id = newId('evt', random);
      const at = clock();
      const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
      const rows = wanting.map(({ url }) => ({ id, url, body, attempts: 0, next_at: at }));
      await tx.db.withTables<EventTables>().insertInto('events_webhook').values(rows).execute();
      tx.afterCommit(() => setImmediate(poke));
    },
    deliver,
    close: () => clearInterval(timer),
  };
}
