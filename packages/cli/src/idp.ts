import { resolve } from 'node:path';
import { parseArguments, runCommand, usage } from '@keyturn/idp/command';
import { CommandFailure, type Io } from './io.ts';

/**
 * `keyturn idp`: the embedded identity provider alone, by the same options as `npx @keyturn/idp`. It keeps its data
 * beside that of `keyturn dev`, and has a management port.
 */
export async function runIdp(io: Io, argv: readonly string[]): Promise<void> {
  const parsed = parseArguments(argv, io.env, { managementPort: 9001, data: '.keyturn/idp.db' });
  if (!parsed.ok) throw new CommandFailure(`keyturn idp: ${parsed.refusal}\n\n${usage}`, 2);
  if (parsed.value === 'help') {
    io.print(usage.replaceAll('keyturn-idp', 'keyturn idp'));
    return;
  }
  const { data, imports } = parsed.value;
  const status = await runCommand(
    {
      ...parsed.value,
      data: data === ':memory:' ? data : resolve(io.cwd, data),
      imports: imports.map((path) => resolve(io.cwd, path)),
    },
    { env: io.env, print: io.print, complain: io.complain, stopped: io.stopped },
  );
  if (status !== 0) io.exit(status);
}
