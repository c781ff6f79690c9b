import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { isJsonObject, type JsonObject, mebibytes } from '@keyturn/protocol';
import { type BrokenExport, verifyExport } from '@keyturn/store';
import { CommandFailure, type Io } from '../io.ts';
import { ask, failure, objectsIn, send, type ServerFlags, textOf } from '../ask.ts';
import { formatTable } from '../table.ts';

export interface ListFlags extends ServerFlags {
  readonly actor?: string;
  readonly for?: string;
  readonly kind?: string;
  readonly target?: string;
  readonly outcome?: string;
  readonly request?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: string;
}

export interface ExportFlags {
  readonly url?: string;
  readonly out?: string;
  readonly from?: string;
  readonly to?: string;
}

export interface VerifyFlags {
  readonly keys?: string;
  readonly checkpoint?: string;
  readonly json?: boolean;
}

/** Bytes of an export that this command holds; curl takes more. */
const maxExport = mebibytes(256);

/** `keyturn audit list`. */
export async function runAuditList(io: Io, flags: ListFlags): Promise<void> {
  const { for: onBehalfOf, request, actor, kind, target, outcome, from, to, limit } = flags;
  const query = queryOf({
    actor,
    on_behalf_of: onBehalfOf,
    kind,
    target,
    outcome,
    request_id: request,
    from,
    to,
    limit,
  });
  const rows = objectsIn((await ask(io, flags, 'GET', `/audit${query}`)).body['items']);
  if (flags.json === true) io.print(JSON.stringify(rows, undefined, 2));
  else if (rows.length === 0) io.complain('Nothing was found.');
  else {
    const table = rows.map((row) => [
      typeof row['at'] === 'number' ? new Date(row['at']).toISOString() : '',
      identityOf(row['actor']),
      identityOf(row['onBehalfOf']),
      textOf(row['kind']),
      textOf(row['target']),
      `${textOf(row['outcome'])}${row['reason'] === undefined ? '' : ` (${textOf(row['reason'])})`}`,
    ]);
    io.print(formatTable([['AT', 'ACTOR', 'FOR', 'KIND', 'TARGET', 'OUTCOME'], ...table]));
  }
}

/** `keyturn audit export`. */
export async function runAuditExport(io: Io, { out, from, to, ...flags }: ExportFlags): Promise<void> {
  const query = queryOf({ from, to });
  const reply = await send(io, flags, 'GET', `/api/v1/audit/export${query}`, { maxBytes: maxExport });
  if (reply.status !== 200) throw failure(reply);
  if (out === undefined) io.print(reply.text.trimEnd());
  else {
    await writeFile(resolve(io.cwd, out), reply.text, { mode: 0o600 });
    io.complain(`Wrote ${reply.text.split('\n').length - 1} lines to ${out}`);
  }
}

/** `keyturn audit verify FILE`: needs no server and no network. */
export async function runAuditVerify(io: Io, file: string, flags: VerifyFlags): Promise<void> {
  const keys = flags.keys === undefined ? undefined : await readKeys(io, flags.keys);
  const input = createReadStream(resolve(io.cwd, file), 'utf8');
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  const failed = new Promise<never>((_, fail) =>
    input.once('error', (error) => fail(new CommandFailure(`${file} cannot be read: ${error.message}`))),
  );
  const found = await Promise.race([verifyExport(lines, { keys, checkpoint: flags.checkpoint }), failed]);
  input.destroy();
  if (flags.json === true) io.print(JSON.stringify(found, undefined, 2));
  if (!found.ok) throw new CommandFailure(`${file}: ${describe(found.refusal)}`, 1);
  if (flags.json === true) return;
  const { rows, chains, checkpoints, checkpointAt, lastCheckpoint, keyIds, partial } = found.value;
  io.print(
    `${file}: ${rows} rows in ${chains} chains follow from one another${partial ? ', as far as this part goes' : ''}`,
  );
  if (checkpoints === 0) io.print('There is no signed checkpoint: that rows are missing at the end could not be seen.');
  else {
    io.print(
      `${checkpoints} checkpoints, the last of ${new Date(checkpointAt ?? 0).toISOString()}: ${lastCheckpoint ?? ''}`,
    );
    const trust = keys === undefined ? 'named by the export itself: compare them, or give --keys' : 'trusted by you';
    io.print(`signed by ${keyIds.join(', ')} (${trust})`);
  }
}

function describe({ why, line, chain, seq }: BrokenExport): string {
  const place =
    chain === undefined ? (seq === undefined ? '' : ` (checkpoint ${seq})`) : ` (chain ${chain}, row ${seq ?? ''})`;
  const words: Readonly<Record<BrokenExport['why'], string>> = {
    'no-export': 'is no whole export of the audit',
    altered: 'the row is not what was written',
    missing: 'the row is missing',
    reordered: 'the row is not in its place',
    repeated: 'the row is there twice',
    cut: 'the row does not follow from the one before it',
    truncated: 'the end is missing: a checkpoint has seen this row',
    replaced: 'a checkpoint has seen another row in this place',
    'checkpoint-altered': 'the checkpoint is not what was signed',
    'checkpoint-missing': 'a checkpoint is missing',
    'unknown-key': 'the checkpoint is signed by a key that is not trusted',
  };
  return `broken at line ${line}: ${words[why]}${place} [${why}]`;
}

async function readKeys(io: Io, file: string): Promise<readonly JsonObject[]> {
  const text = await readFile(resolve(io.cwd, file), 'utf8').catch((error: Error) => {
    throw new CommandFailure(`${file} cannot be read: ${error.message}`);
  });
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value) && Array.isArray(value['keys'])) return objectsIn(value['keys']);
  } catch {
    // Said below.
  }
  throw new CommandFailure(`${file} is no set of keys: {"keys": [...]}, as /api/v1/audit/keys serves it`, 2);
}

function queryOf(given: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) if (value !== undefined) query.set(name, value);
  return query.size === 0 ? '' : `?${query.toString()}`;
}

function identityOf(value: unknown): string {
  return isJsonObject(value) ? textOf(value['identity']) : '';
}
