import { maskSettings } from '@keyturn/net';
import { secretPaths } from '@keyturn/server';
import type { Io } from './io.ts';
import { readSettings, type SettingsSource } from './settings.ts';

/** `keyturn config print`: what is in force, secrets masked, each with where it came from if asked. */
export async function runConfigPrint(
  io: Io,
  options: SettingsSource & { readonly showOrigin: boolean; readonly json: boolean },
): Promise<void> {
  const { settings, origins } = await readSettings(io, options);
  const masked = maskSettings(settings, secretPaths);
  const rows = [...flatten('', masked)].map(([path, value]) => ({
    path,
    value,
    origin: origins.get(path) ?? 'default',
  }));
  if (options.json) {
    io.print(JSON.stringify(options.showOrigin ? rows : masked, null, 2));
    return;
  }
  const width = Math.max(...rows.map(({ path }) => path.length));
  for (const { path, value, origin } of rows) {
    const line = `${path.padEnd(width)}  ${JSON.stringify(value)}`;
    io.print(options.showOrigin ? `${line.padEnd(width + 44)}  ${origin}` : line);
  }
}

function* flatten(path: string, value: unknown): Generator<readonly [string, unknown]> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    yield [path, value];
    return;
  }
  for (const [key, member] of Object.entries(value)) yield* flatten(path === '' ? key : `${path}.${key}`, member);
}
