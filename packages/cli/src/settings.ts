import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSettings, type SettingFault, type SettingOrigin } from '@keyturn/net';
import { aliases, refusedSwitches, type Settings, secretPaths, settingsSchema } from '@keyturn/server';
import { CommandFailure, type Io } from './io.ts';

export interface LoadedSettings {
  readonly settings: Settings;
  readonly origins: ReadonlyMap<string, SettingOrigin>;
}

export interface SettingsSource {
  /** `--config`; default keyturn.yaml in the working folder, if there is one. */
  readonly configPath: string | undefined;
  /** Flags by name, without the leading dashes. */
  readonly flags: Readonly<Record<string, string>>;
  /** A file's text instead of a file: what `keyturn dev` sets unless the environment or a flag says otherwise. */
  readonly builtIn?: { readonly path: string; readonly text: string };
}

/** Reads the settings from flags, environment, mounted secrets and the file, or fails with every fault at once. */
export async function readSettings(io: Io, source: SettingsSource): Promise<LoadedSettings> {
  const file = source.builtIn ?? (await readConfigFile(io, source.configPath));
  const switches = refusedSwitches.flatMap(({ env, refusedValues, reason }) => {
    const value = io.env[env]?.trim().toLowerCase();
    return value !== undefined && refusedValues.includes(value) ? [`${env}=${value}: ${reason}`] : [];
  });
  const loaded = await loadSettings({
    schema: settingsSchema,
    ...(file === undefined ? {} : { file }),
    env: io.env,
    flags: source.flags,
    aliases,
    prefix: 'KEYTURN_',
    secretPaths,
    readFile: (path) => readFile(path, 'utf8'),
  });
  const faults = [...switches, ...(loaded.ok ? [] : loaded.refusal.map(describeFault))];
  if (faults.length > 0 || !loaded.ok) {
    throw new CommandFailure(`invalid configuration:\n${faults.map((fault) => `  ${fault}`).join('\n')}`, 2);
  }
  return loaded.value;
}

function describeFault(fault: SettingFault): string {
  const from = fault.origin === undefined ? '' : `   (from ${fault.origin})`;
  const remedy = fault.remedy === undefined ? '' : ` ${fault.remedy}`;
  return `${fault.path}: ${fault.message}${remedy}${from}`;
}

async function readConfigFile(io: Io, path: string | undefined): Promise<{ path: string; text: string } | undefined> {
  const at = join(io.cwd, path ?? 'keyturn.yaml');
  try {
    return { path: path ?? 'keyturn.yaml', text: await readFile(at, 'utf8') };
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (missing && path === undefined) return undefined;
    throw new CommandFailure(`cannot read the configuration file ${path ?? 'keyturn.yaml'}: ${error instanceof Error ? error.message : String(error)}`, 2);
  }
}
