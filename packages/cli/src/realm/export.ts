import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { explainAdminRefusal, exportRealm, showRealm } from '@keyturn/realm';
import { CommandFailure, type Io } from '../io.ts';
import { type ConnectFlags, requireAdmin, withConnection } from './connect.ts';

/** `keyturn realm export` */
export async function runExport(
  io: Io,
  realm: string,
  flags: ConnectFlags & { readonly out?: string; readonly format: string; readonly json?: boolean },
): Promise<void> {
  const exported = await withConnection(io, flags, (connection) => exportRealm(requireAdmin(connection), realm));
  if (!exported.ok) throw new CommandFailure(explainAdminRefusal(exported.refusal));
  const json = flags.json === true || flags.format === 'json' || flags.out?.endsWith('.json') === true;
  const text = showRealm(exported.value, json ? 'json' : 'yaml');
  if (flags.out === undefined) io.print(text.trimEnd());
  else writeFileSync(resolve(io.cwd, flags.out), text);
}
