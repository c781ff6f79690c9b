import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { minimizeRealm, showRealm } from '@keyturn/realm';
import type { Io } from '../io.ts';
import { carryOut } from './apply.ts';
import { type ConnectFlags, requireAdmin, withConnection } from './connect.ts';
import { planFile, printPlan } from './plan.ts';
import { readRealmFile, readRealmFileAsWritten } from './realm-file.ts';

/** `keyturn realm import` */
export async function runImport(
  io: Io,
  path: string,
  flags: ConnectFlags & { readonly out?: string; readonly json?: boolean },
): Promise<void> {
  if (flags.out !== undefined) {
    // A template keeps its placeholders.
    const { representation, notices } = minimizeRealm(readRealmFileAsWritten(io, path).representation);
    for (const notice of notices) io.complain(notice);
    writeFileSync(resolve(io.cwd, flags.out), showRealm(representation, flags.out.endsWith('.json') ? 'json' : 'yaml'));
    return;
  }
  const file = readRealmFile(io, path);
  const { representation, notices } = minimizeRealm(file.representation);
  for (const notice of notices) io.complain(notice);
  await withConnection(io, flags, async (connection) => {
    const planned = await planFile(requireAdmin(connection), { ...file, representation }, {});
    if (flags.json !== true) printPlan(io, planned.plan, false);
    await carryOut(io, connection, planned, flags.json === true);
  });
}
