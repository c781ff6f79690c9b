import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { explainSettingFault, type Flags, type LoadedSettings, loadSettings } from '@keyturn/net';
import { aliases, checkSettings, type Settings, settingsSchema } from '@keyturn/server';
import { CommandFailure, type Io } from './io.ts';

export interface SettingsSource {
  /** `--config`; default keyturn.yaml in the working folder, if there is one. */
  readonly configPath: string | undefined;
  /** Flags by name, without the leading dashes. */
  readonly flags: Flags;
  /** A file's text instead of a file: what `keyturn dev` sets unless the environment says otherwise. */
  readonly builtIn?: { readonly path: string; readonly text: string };
}

/** Reads the settings from flags, environment, mounted secrets and the file, or fails with every fault at once. */
export async function readSettings(io: Io, source: SettingsSource): Promise<LoadedSettings<Settings>> {
  const loaded = await loadSettings({
    schema: settingsSchema,
    file: source.builtIn ?? readConfigFile(io, source.configPath),
    env: io.env,
    flags: source.flags,
    aliases,
    prefix: 'KEYTURN_',
    // For the commands that speak to a Keyturn, and placeholders of the demo realm.
    ignoredEnv: [
      'KEYTURN_URL',
      'KEYTURN_TOKEN',
      'KEYTURN_MCP_RESOURCE',
      'KEYTURN_PUBLIC_URL',
      'KEYTURN_LOGIN_SECRET',
      'KEYTURN_READER_SECRET',
      'KEYTURN_TEST_POSTGRES_URL',
    ],
    readFile: (path) => readFile(path, 'utf8'),
  });
  if (loaded.ok) {
    const { settings, origins } = loaded.value;
    const between = checkSettings(settings).map(
      ({ path, message }) => `  ${path} (${origins.get(path) ?? 'default'}): ${message}`,
    );
    if (between.length === 0) return loaded.value;
    throw new CommandFailure(`invalid configuration:\n${between.join('\n')}`, 2);
  }
  const faults = loaded.refusal.map((fault) => `  ${explainSettingFault(fault)}`);
  throw new CommandFailure(`invalid configuration:\n${faults.join('\n')}`, 2);
}

function readConfigFile(io: Io, path: string | undefined): { path: string; text: string } | undefined {
  const name = path ?? 'keyturn.yaml';
  try {
    return { path: name, text: readFileSync(resolve(io.cwd, name), 'utf8') };
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (missing && path === undefined) return undefined;
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(`cannot read the configuration file ${name}: ${why}`, 2);
  }
}
