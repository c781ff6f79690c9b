import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { parse, stringify } from 'yaml';
import { CommandFailure, type Io } from '../io.ts';
import { ask, objectsIn, textOf } from '../ask.ts';
import type { ServerFlags } from '../ask.ts';
import type { ModelFlags } from './flags.ts';

/** `keyturn rbac plan` */
export async function runPlan(io: Io, flags: ModelFlags): Promise<void> {
  const asked = { model: readModel(io, flags.file), prune: flags.prune };
  const { body } = await ask(io, flags, 'POST', '/rbac/plan', asked);
  if (flags.out !== undefined) {
    writeFileSync(resolve(io.cwd, flags.out), `${JSON.stringify({ ...asked, version: body['version'] }, null, 2)}\n`);
  }
  show(io, body, flags, 'would change');
  if (flags.detailedExitcode === true) io.exit(objectsIn(body['changes']).length === 0 ? 0 : 2);
}

/** `keyturn rbac apply` */
export async function runApply(io: Io, plan: string | undefined, flags: ModelFlags): Promise<void> {
  const asked = plan === undefined ? { model: readModel(io, flags.file), prune: flags.prune } : readModel(io, plan);
  const { body } = await ask(io, flags, 'POST', '/rbac/apply', asked);
  show(io, body, flags, 'changed');
}

/** `keyturn rbac drift` */
export async function runDrift(io: Io, flags: ModelFlags): Promise<void> {
  const asked = { model: readModel(io, flags.file), prune: flags.prune };
  const { body } = await ask(io, flags, 'POST', '/rbac/plan', asked);
  show(io, body, flags, 'differ from the file');
  io.exit(objectsIn(body['changes']).length === 0 ? 0 : 2);
}

/** `keyturn rbac export` */
export async function runExport(io: Io, flags: ServerFlags & { readonly out?: string }): Promise<void> {
  const { body } = await ask(io, flags, 'GET', '/rbac/export');
  const text = flags.json === true ? JSON.stringify(body, null, 2) : stringify(body).trimEnd();
  if (flags.out === undefined) io.print(text);
  else writeFileSync(resolve(io.cwd, flags.out), `${text}\n`);
}

function show(io: Io, body: JsonObject, flags: ServerFlags, what: string): void {
  if (flags.json === true) {
    io.print(JSON.stringify(body, null, 2));
    return;
  }
  const changes = objectsIn(body['changes']);
  for (const change of changes) io.print(textOf(change['text']));
  io.complain(changes.length === 0 ? 'Everything is as declared.' : `${changes.length} things ${what}.`);
}

function readModel(io: Io, path: string): JsonObject {
  let text: string;
  try {
    text = readFileSync(resolve(io.cwd, path), 'utf8');
  } catch (error) {
    throw new CommandFailure(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, 2);
  }
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw new CommandFailure(`${path}: ${error instanceof Error ? error.message : String(error)}`, 2);
  }
  if (!isJsonObject(value))
    throw new CommandFailure(`${path} declares nothing: it needs roles, as keyturn rbac export writes them`, 2);
  return value;
}
