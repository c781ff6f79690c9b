#!/usr/bin/env node
// `npx @keyturn/idp --import realm.json --port 8090`: the identity provider alone. The only file here that reads
// arguments, the environment, files and signals.
import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

enableCompileCache?.();
// Tokens are short-lived garbage: a young generation that grows with the load would only hold more of it (20 MiB).
setFlagsFromString('--semi-space-growth-factor=1');

const { parseArguments, usage } = await import('./command-line.ts');

const parsed = parseArguments(process.argv.slice(2), process.env);
if (!parsed.ok) {
  process.stderr.write(`${parsed.refusal}\n\n${usage}\n`);
  process.exitCode = 2;
} else if (parsed.value === 'help') {
  process.stdout.write(`${usage}\n`);
} else {
  const { runCommand } = await import('./command.ts');
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  process.exitCode = await runCommand(parsed.value, {
    env: process.env,
    print: (line) => process.stdout.write(`${line}\n`),
    complain: (line) => process.stderr.write(`${line}\n`),
    stopped,
  });
}
