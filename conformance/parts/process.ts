import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';

/** A program that runs beside a suite: its output is kept for when something goes wrong, and it never outlives us. */
export interface RunningProcess {
  readonly child: ChildProcess;
  /** What it has printed so far, at most the last 64 KiB. */
  readonly output: () => string;
  /** Asks it to stop, waits, and gives its exit status; kills it after `patience` milliseconds. */
  readonly stop: (signal?: NodeJS.Signals, patience?: number) => Promise<number | null>;
  /** Resolves when it has ended by itself. */
  readonly ended: Promise<number | null>;
}

export function startProcess(
  command: string,
  args: readonly string[],
  options: { readonly env?: Record<string, string | undefined>; readonly cwd?: string } = {},
): RunningProcess {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-65_536);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      output += `\n${error.message}`;
      resolve(127);
    });
    child.once('close', (status) => resolve(status));
  });
  const killWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  void ended.then(() => process.off('exit', killWithUs));
  return {
    child,
    output: () => output,
    ended,
    async stop(signal = 'SIGTERM', patience = 20_000) {
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), patience);
      const status = await ended;
      clearTimeout(timer);
      return status;
    },
  };
}

/** A server with a folder of its own, once it answers. Stopping it, or that it never answers, leaves nothing behind. */
export async function standUp(
  running: RunningProcess,
  folder: string,
  { url, status }: { readonly url: string; readonly status: number },
): Promise<{ readonly stop: () => Promise<void> }> {
  const stop = async (): Promise<void> => {
    await running.stop('SIGTERM', 5000);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await waitFor(url, running, { seconds: 15, status });
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

/** Asks `url` until it answers with `status`; gives up with the process's own words. */
export async function waitFor(
  url: string,
  running: RunningProcess,
  options: { status?: number; seconds: number },
): Promise<void> {
  const until = Date.now() + options.seconds * 1000;
  let ended = false;
  void running.ended.then(() => (ended = true));
  while (Date.now() < until) {
    if (ended) throw new Error(`the process ended before ${url} answered:\n${running.output()}`);
    const status = await fetch(url, { redirect: 'manual' }).then(
      (response) => response.status,
      () => 0,
    );
    if (status === (options.status ?? 200)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} did not answer within ${options.seconds} s:\n${running.output()}`);
}
