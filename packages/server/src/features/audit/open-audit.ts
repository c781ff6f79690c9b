import { type Clock, days, epochMilliseconds, type JsonObject, toMilliseconds } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { AuditSettings } from '../../config/audit.ts';
import type { Frame } from '../../http/frame.ts';
import type { Action, Remembered } from '../../http/rooms.ts';
import type { Log } from '../../outside/log.ts';
import type { Seal } from '../../outside/seal.ts';
import { AuditUnwritable } from '../../http/framework-problem.ts';
import { buildCallEvent } from './event-of-call.ts';
import { openAuditKeys } from './keys.ts';
import { mountAudit } from './routes.ts';

export interface OpenedAudit {
  /**
   * The room "remember": resolves when the row of a call is durable. `delegationOf` says for whom an upstream token was made
   * out and who acted for whom, where one was asked for.
   */
  readonly rememberWith: (
    delegationOf: (action: Action) => JsonObject | undefined,
  ) => (entry: Remembered) => Promise<void>;
  readonly mount: (frame: Frame, options: { readonly adminRole: string }) => void;
  /** Signs and prunes from time to time. */
  readonly start: () => void;
  /** Signs for what was written last. */
  readonly close: () => Promise<void>;
}

export interface AuditParts {
  readonly settings: AuditSettings;
  readonly store: Store;
  readonly seal: Seal | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

const hour = 3_600_000;

/** Writes the rows of calls, signs checkpoints, keeps to the retention and serves what was written. */
export async function openAudit({ settings, store, seal, clock, log }: AuditParts): Promise<OpenedAudit> {
  const keys = await openAuditKeys({ store, clock, signingKey: settings.signingKey, seal });
  const { signer } = keys;
  if (signer === undefined) log.warn({}, 'neither audit.signingKey nor seal.key: the audit is chained and not signed');
  const timers: NodeJS.Timeout[] = [];
  const every = (interval: number, work: () => Promise<void>, what: string): void => {
    const run = () => void work().catch((error: unknown) => log.error({ error: String(error) }, what));
    timers.push(setInterval(run, interval).unref());
  };
  const checkpoint = async (): Promise<void> => {
    const made = signer === undefined ? undefined : await store.audit.checkpoint(signer);
    // In the log too: whoever collects it elsewhere can tell if checkpoints were removed together with rows.
    if (made !== undefined) log.info({ checkpoint: made.seq, signature: made.signature }, 'audit checkpoint');
  };
  const prune = async (): Promise<void> => {
    const { retention } = settings;
    if (retention === undefined || signer === undefined) return;
    const before = epochMilliseconds(clock() - toMilliseconds(days(retention)));
    const removed = await store.audit.prune(before, signer);
    if (removed > 0) log.info({ removed, retention_days: retention }, 'audit rows past their retention are gone');
  };
  return {
    rememberWith: (delegationOf) => async (entry) => {
      const event = buildCallEvent(entry, clock(), settings.revealArguments, delegationOf(entry.action));
      try {
        await store.audit.record(event);
      } catch (error) {
        throw new AuditUnwritable(error);
      }
    },
    mount: (frame, { adminRole }) => mountAudit(frame, { store, keys, clock, role: settings.role, adminRole }),
    start() {
      every(settings.checkpointInterval * 1000, checkpoint, 'no audit checkpoint could be written');
      every(hour, prune, 'the audit could not be pruned');
    },
    async close() {
      for (const timer of timers) clearInterval(timer);
      await checkpoint().catch((error: unknown) => log.error({ error: String(error) }, 'no last audit checkpoint'));
    },
  };
}
