import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createIdp } from '@keyturn/idp';
import { parseRealmFile, showRealmFileFault } from '@keyturn/realm/parse';
import { createLog, systemClock, systemRandom } from '@keyturn/server';
import { CommandFailure, type Io } from './io.ts';
import { listenOrSay } from './ports.ts';

export interface IdpOptions {
  readonly port: number;
  readonly managementPort: number;
  readonly import: readonly string[];
  readonly data: string;
}

/** `keyturn idp`: the embedded identity provider alone. */
export async function runIdp(io: Io, options: IdpOptions): Promise<void> {
  const idp = await createIdp({
    dataUrl: options.data === ':memory:' ? 'sqlite::memory:' : `sqlite:${resolve(io.cwd, options.data)}`,
    clock: systemClock,
    random: systemRandom,
    env: io.env,
    log: createLog({ level: 'warn' }),
  });
  try {
    for (const path of options.import) {
      const text = await readFile(resolve(io.cwd, path), 'utf8').catch((error: Error) => {
        throw new CommandFailure(`cannot read ${path}: ${error.message}`, 2);
      });
      const parsed = parseRealmFile(text, {
        path,
        env: io.env,
        readFile: (name) => readFileSync(resolve(io.cwd, name), 'utf8'),
      });
      if (!parsed.ok) {
        const faults = parsed.refusal.map((fault) => `  ${showRealmFileFault(fault)}`).join('\n');
        throw new CommandFailure(`${path} cannot be imported:\n${faults}`, 2);
      }
      await idp.importRealm(parsed.value, { ifExists: 'skip' });
    }
    await listenOrSay('keyturn idp', [{ what: 'the identity provider', port: options.port, flag: '--port' }], () =>
      idp.listen({ port: options.port }),
    );
    await listenOrSay(
      'keyturn idp',
      [{ what: 'the identity provider’s health and metrics', port: options.managementPort, flag: '--management-port' }],
      () => idp.listenManagement({ port: options.managementPort }),
    );
    io.print(
      `The embedded identity provider listens on http://localhost:${options.port}. It is for development, tests and evaluation: production belongs on Keycloak.`,
    );
    await io.stopped;
  } finally {
    await idp.close();
  }
}
