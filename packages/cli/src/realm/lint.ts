import { readdirSync } from 'node:fs';
import { lintRealmFile } from '@keyturn/realm';
import { CommandFailure, type Io } from '../io.ts';
import { fileReader, readNamedFile } from './realm-file.ts';

/** `keyturn realm lint` */
export async function runLint(io: Io, files: readonly string[], flags: { readonly json?: boolean }): Promise<void> {
  const paths =
    files.length > 0 ? files : readdirSync(io.cwd).filter((name) => /-realm\.json$|^realm\.ya?ml$/.test(name));
  if (paths.length === 0) throw new CommandFailure('No realm files here: give their names.');
  const results = paths.map((path) => ({
    path,
    faults: lintRealmFile(readNamedFile(io, path), { path, env: io.env, readFile: fileReader(io, path) }),
  }));
  if (flags.json === true) io.print(JSON.stringify(results));
  else {
    for (const { path, faults } of results) {
      for (const { rule, severity, message, line, column } of faults) {
        const place = line === undefined ? path : `${path}:${line}:${column ?? 1}`;
        io.print(`${place}: ${severity}: ${message} (${rule})`);
      }
      if (faults.length === 0) io.print(`${path}: no faults`);
    }
  }
  const all = results.flatMap(({ faults }) => faults);
  io.exit(all.some(({ severity }) => severity === 'error') ? 2 : all.length > 0 ? 1 : 0);
}
