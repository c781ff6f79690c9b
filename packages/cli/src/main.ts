#!/usr/bin/env node
// The only file that reads arguments, the environment and signals. Each command is a function that is given them.
import { enableCompileCache } from 'node:module';

enableCompileCache?.();
const startedAt = performance.now() - process.uptime() * 1000;

const { CommandFailure } = await import('./io.ts');
const { buildProgram } = await import('./program.ts');

let signalled = false;
let ended = false;
const stopped = new Promise<string>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second Ctrl-C does not wait for anybody, nor does one after the command has ended.
      if (signalled || ended) process.exit(130);
      signalled = true;
      resolve(signal);
    });
  }
});

const program = buildProgram(
  {
    env: process.env,
    cwd: process.cwd(),
    print: (text) => process.stdout.write(`${text}\n`),
    complain: (text) => process.stderr.write(`${text}\n`),
    exit: (status) => {
      process.exitCode = status;
    },
    stopped,
    isTerminal: process.stdout.isTTY,
  },
  startedAt,
);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommandFailure) {
    if (error.message !== '') process.stderr.write(`${error.message}\n`);
    process.exitCode = error.status;
  } else {
    throw error;
  }
} finally {
  ended = true;
}
