import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CommandFailure, type Io } from '../io.ts';

/**
 * A secret as it may stand on a command line: `-` (standard input), `@file` or `env:NAME`. The value itself is refused,
 * for every user of the machine can read the arguments of its programs.
 */
export function readSecretArgument(io: Io, flag: string, argument: string): string {
  if (argument === '-') return withoutNewline(readFileSync(0, 'utf8'));
  if (argument.startsWith('@')) {
    const path = resolve(io.cwd, argument.slice(1));
    try {
      return withoutNewline(readFileSync(path, 'utf8'));
    } catch {
      throw new CommandFailure(`${flag}: ${path} cannot be read.`, 2);
    }
  }
  if (argument.startsWith('env:')) {
    const value = io.env[argument.slice(4)];
    if (value === undefined || value === '')
      throw new CommandFailure(`${flag}: the environment variable ${argument.slice(4)} is not set.`, 2);
    return value;
  }
  throw new CommandFailure(
    `${flag}: give -, @file or env:NAME. A secret on the command line can be read by every user of this machine.`,
    2,
  );
}

function withoutNewline(text: string): string {
  return text.replace(/\r?\n$/, '');
}
