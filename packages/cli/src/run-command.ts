import { CommandFailure, type Io } from './io.ts';
import { buildProgram } from './program.ts';

/** For tests: what a command said, and how it left. */
export interface Ran {
  readonly out: string;
  readonly err: string;
  readonly status: number;
}

/** For tests: runs a command as the user would, in one process with the test. */
export async function runCommand(
  args: readonly string[],
  world: { readonly env: Readonly<Record<string, string>>; readonly cwd: string },
): Promise<Ran> {
  const said: { out: string[]; err: string[]; status: number } = { out: [], err: [], status: 0 };
  const io: Io = {
    env: world.env,
    cwd: world.cwd,
    print: (text) => void said.out.push(text),
    complain: (text) => void said.err.push(text),
    exit: (status) => {
      said.status = status;
    },
    stopped: new Promise(() => undefined),
    isTerminal: false,
  };
  const ended = (more: string, status: number): Ran => ({
    out: said.out.join('\n'),
    err: [...said.err, more].join('\n').trim(),
    status,
  });
  try {
    await buildProgram(io, 0).parseAsync([...args], { from: 'user' });
    return ended('', said.status);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    return ended(error.message, error.status);
  }
}

/** For tests: the words of a line of a shell, with quotes as sh has them. */
export function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}
