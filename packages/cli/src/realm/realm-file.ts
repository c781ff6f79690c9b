import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type ExpandedRealm, type PlaceholderOptions, parseRealmDeclaration, showRealmFileFault } from '@keyturn/realm';
import { CommandFailure, type Io } from '../io.ts';

/** The text of a file that the user named. */
export function readNamedFile(io: Io, path: string): string {
  try {
    return path === '-' ? readFileSync(0, 'utf8') : readFileSync(resolve(io.cwd, path), 'utf8');
  } catch {
    throw new CommandFailure(`${path} cannot be read.`);
  }
}

/** Reads `${file:…}` beside the realm file. */
export function fileReader(io: Io, realmFile: string): (path: string) => string | undefined {
  const folder = dirname(resolve(io.cwd, realmFile));
  return (path) => {
    try {
      return readFileSync(resolve(folder, path), 'utf8');
    } catch {
      return undefined;
    }
  };
}

/** A realm file with its recipes expanded, or all its faults at once. */
export function readRealmFile(io: Io, path: string): ExpandedRealm {
  return parse(io, path, { env: io.env, readFile: fileReader(io, path) });
}

/** The same with its placeholders as they stand: for what only looks at the file. */
export function readRealmFileAsWritten(io: Io, path: string): ExpandedRealm {
  return parse(io, path, { env: {}, unresolved: 'as-written' });
}

function parse(io: Io, path: string, options: PlaceholderOptions): ExpandedRealm {
  const parsed = parseRealmDeclaration(readNamedFile(io, path), { path, ...options });
  if (parsed.ok) return parsed.value;
  throw new CommandFailure(parsed.refusal.map(showRealmFileFault).join('\n'));
}
