import { randomBytes } from 'node:crypto';
import type { Gateway } from '@keyturn/conformance/requests/stage';
import { epochMilliseconds } from '@keyturn/protocol';
import { openStore } from '@keyturn/store';
import type { RequestTables } from '../../packages/server/src/features/requests/tables.ts';
import { ask } from './people.ts';

export interface Killed {
  /** Names that were in an answer before the process was gone. */
  readonly answered: number;
  /** Of these, names without a row, or without its row in the audit. */
  readonly lost: readonly string[];
}

/** Lets `callers` ask without end, kills the process while they do, and looks for all that was answered. */
export async function killUnderLoad(
  { url, running }: Gateway,
  database: string,
  token: string,
  options: { readonly callers: number; readonly milliseconds: number },
): Promise<Killed> {
  const answered: string[] = [];
  const killed = new AbortController();
  const caller = async (): Promise<void> => {
    while (!killed.signal.aborted) {
      try {
        answered.push(await ask(url, token));
      } catch (error) {
        // An answer that did not come says nothing; one that is no answer would make the whole look good.
        if (!killed.signal.aborted) throw error;
      }
    }
  };
  const calling = Promise.all(Array.from({ length: options.callers }, caller));
  await Promise.race([calling, new Promise((resolve) => setTimeout(resolve, options.milliseconds))]);
  killed.abort();
  await running.stop('SIGKILL');
  await calling;
  return { answered: answered.length, lost: await findLost(database, answered) };
}

async function findLost(url: string, answered: readonly string[]): Promise<readonly string[]> {
  await using store = await openStore({ url, clock: () => epochMilliseconds(Date.now()), random: randomBytes });
  const db = store.db.withTables<RequestTables>();
  const requests = await db.selectFrom('requests_request').select('name').execute();
  const audited = await db.selectFrom('audit_events').select('target').where('kind', '=', 'request.create').execute();
  const kept = new Set(requests.map(({ name }) => name));
  const rows = new Set(audited.map(({ target }) => target));
  return answered.filter((name) => !kept.has(name) || !rows.has(name));
}
