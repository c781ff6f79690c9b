import { readFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import type { Command } from './command-line.ts';
import { createIdp, type Idp } from './create-idp.ts';

export { parseArguments, usage } from './command-line.ts';

/** What the command needs of the process. */
export interface CommandWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  /** Resolves when the user asks it to end. */
  readonly stopped: Promise<unknown>;
}

/** Runs the identity provider until it is stopped; returns the exit status. */
export async function runCommand(command: Command, world: CommandWorld): Promise<number> {
  const say = (_facts: object, sentence: string): void => world.complain(sentence);
  let idp: Idp | undefined;
  try {
    idp = await createIdp({
      ...command.http,
      dataUrl: `sqlite:${command.data}`,
      env: world.env,
      allowNonLoopbackThoughNotForProduction: command.allowNonLoopback,
      log: { debug: () => {}, info: () => {}, warn: say, error: say },
    });
    for (const path of await realmFiles(command.imports)) {
      const fault = await importFile(idp, path, world);
      if (fault !== undefined) {
        world.complain(fault);
        return 2;
      }
    }
    if (command.allowNonLoopback) {
      world.complain(
        'warning: --allow-non-loopback-though-not-for-production lets others than this machine reach an identity provider that was made for development, tests and evaluation',
      );
    }
    const url = await idp.listen({ port: command.port, host: command.host });
    world.print(`Identity provider at ${url}. For development, tests and evaluation; production belongs on Keycloak.`);
    if (command.managementPort !== undefined) {
      const management = await idp.listenManagement({ port: command.managementPort, host: command.host });
      world.print(`Health and metrics at ${management}`);
    }
    await world.stopped;
    return 0;
  } catch (fault) {
    world.complain(explain(fault, command));
    return 1;
  } finally {
    await idp?.close();
  }
}

/** Folders in their place, as the realm files in them: `<realm>-realm.json`, as Keycloak's `--import-realm` wants them. */
async function realmFiles(paths: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() === true;
    const names = isFolder ? (await readdir(path)).filter((name) => /-realm\.(?:json|ya?ml)$/.test(name)).sort() : [];
    found.push(...(isFolder ? names.map((name) => join(path, name)) : [path]));
  }
  return found;
}

async function importFile(idp: Idp, path: string, world: CommandWorld): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((fault: Error) => fault);
  if (text instanceof Error) return `cannot read ${path}: ${text.message}`;
  const plain = parsedJson(text);
  if (plain !== undefined) {
    const imported = await idp.importRealm(plain);
    if (imported.ok) return undefined;
  }
  // The reader of realm files knows YAML and says at which line what is wrong; it is loaded for those who need it.
  const { parseRealmFile, showRealmFileFault } = await import('@keyturn/realm/parse');
  const parsed = parseRealmFile(text, {
    path,
    env: world.env,
    unresolved: 'keep',
    readFile: (name) => readFileSync(name, 'utf8'),
  });
  if (!parsed.ok) return parsed.refusal.map(showRealmFileFault).join('\n');
  const imported = await idp.importRealm(parsed.value);
  return imported.ok ? undefined : `${path}: ${JSON.stringify(imported.refusal)}`;
}

function parsedJson(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    // `${file:…}` is for the reader of realm files.
    return isJsonObject(value) && !text.includes('${file:') ? value : undefined;
  } catch {
    return undefined;
  }
}

function explain(fault: unknown, command: Command): string {
  if (!(fault instanceof Error)) return String(fault);
  if ('code' in fault && fault.code === 'EADDRINUSE') {
    return `port ${command.port} or the management port is taken: choose another with --port and --management-port`;
  }
  return fault.message;
}
