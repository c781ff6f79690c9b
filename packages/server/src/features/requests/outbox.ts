import {
  explainMailRefusal,
  explainWebhookRefusal,
  type GuardedFetch,
  type Mail,
  type MailRefusal,
  sendWebhook,
  type WebhookRefusal,
  webhookDelay,
} from '@keyturn/net';
import { type Clock, ok, type Random, type Result, refuse, secondsOf } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { MessageRow, RequestTables } from './tables.ts';

/** Milliseconds between looks for what is due; a change of this process is sent at once. */
const interval = 2000;
/** Milliseconds for which a message belongs to the process that has taken it. */
const lease = 60_000;
/** Messages of one kind that are under way at once. A receiver that does not answer holds up its own kind only. */
const atOnce = 20;
const kinds = ['webhook', 'mail'] as const;

/**
 * Sends what was stored together with the change it tells of, so that none is lost and none is told of what never
 * happened: at least once, each attempt with the same id. Of several replicas one takes each message.
 */
export interface Outbox {
  /** Begins to send what is due now, and waits for no receiver. */
  readonly flush: () => Promise<void>;
  readonly start: () => void;
  readonly close: () => Promise<void>;
}

export function openOutbox(parts: {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** `secrets`: two while one is being replaced. */
  readonly webhook:
    | { readonly url: string; readonly secrets: readonly string[]; readonly fetch: GuardedFetch }
    | undefined;
  readonly send: ((mail: Mail) => Promise<Result<unknown, MailRefusal>>) | undefined;
  readonly warn: (facts: object, sentence: string) => void;
}): Outbox {
  const { clock, random, webhook, send, warn } = parts;
  const db = parts.store.db.withTables<RequestTables>();

  /** Of two who see the same message due, one moves its time on. */
  const take = async ({ id, due_at: due }: MessageRow): Promise<boolean> => {
    const done = await db
      .updateTable('requests_message')
      .set({ due_at: clock() + lease })
      .where('id', '=', id)
      .where('due_at', '=', due)
      .executeTakeFirst();
    return done.numUpdatedRows === 1n;
  };
  const attempt = async (
    row: MessageRow,
  ): Promise<Result<undefined, { explain: string; wait: number | undefined }>> => {
    if (row.kind === 'webhook') {
      if (webhook === undefined) return ok(undefined);
      const hook = { url: webhook.url, secrets: webhook.secrets, id: row.id, body: row.body };
      const sent = await sendWebhook(webhook.fetch, hook, secondsOf(clock()));
      if (sent.ok) return sent;
      return refuse({
        explain: explainWebhookRefusal(sent.refusal),
        wait: webhookDelay(row.attempts + 1, sent.refusal, random),
      });
    }
    // What this feature wrote comes back as it was.
    const sent = send === undefined ? ok(undefined) : await send(JSON.parse(row.body) as Mail);
    if (sent.ok) return ok(undefined);
    const later: WebhookRefusal = { why: 'status', status: 503, retryAfter: undefined };
    return refuse({ explain: explainMailRefusal(sent.refusal), wait: webhookDelay(row.attempts + 1, later, random) });
  };
  const deliver = async (row: MessageRow): Promise<void> => {
    if (!(await take(row))) return;
    const sent = await attempt(row);
    const wait = sent.ok ? undefined : sent.refusal.wait;
    if (!sent.ok) {
      const then = wait === undefined ? 'given up' : `again in ${Math.round(wait)} s`;
      warn({ message: row.id, kind: row.kind, reason: sent.refusal.explain }, `reviewers were not told: ${then}`);
    }
    if (wait === undefined) {
      await db.deleteFrom('requests_message').where('id', '=', row.id).execute();
      return;
    }
    const next = { attempts: row.attempts + 1, due_at: clock() + wait * 1000 };
    await db.updateTable('requests_message').set(next).where('id', '=', row.id).execute();
  };
  let isClosed = false;
  const underWay = { webhook: new Set<Promise<void>>(), mail: new Set<Promise<void>>() };
  /** Begins with what is due, as far as there is room; the rest is looked at when there is. */
  const begin = async (): Promise<void> => {
    for (const kind of kinds) {
      const room = atOnce - underWay[kind].size;
      const due = await db
        .selectFrom('requests_message')
        .selectAll()
        .where('kind', '=', kind)
        .where('due_at', '<=', clock())
        .orderBy('due_at')
        .limit(room)
        .execute();
      for (const row of due) {
        const delivery = deliver(row)
          .catch((error: unknown) => warn({ message: row.id, error: String(error) }, 'a message could not be handled'))
          .finally(() => {
            const wasFull = underWay[kind].size === atOnce;
            underWay[kind].delete(delivery);
            if (wasFull && !isClosed) look();
          });
        underWay[kind].add(delivery);
      }
    }
  };
  let beginning: Promise<void> | undefined;
  const flush = (): Promise<void> => {
    beginning ??= begin().finally(() => {
      beginning = undefined;
    });
    return beginning;
  };
  const look = (): void => {
    flush().catch((error: unknown) => warn({ error: String(error) }, 'messages to reviewers could not be read'));
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    flush,
    start() {
      timer = setInterval(look, interval).unref();
    },
    async close() {
      isClosed = true;
      clearInterval(timer);
      await beginning?.catch(() => undefined);
      await Promise.all(kinds.flatMap((kind) => [...underWay[kind]]));
    },
  };
}
