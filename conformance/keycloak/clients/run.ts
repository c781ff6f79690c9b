// Programs that people use with Keycloak, unmodified, each doing what it is for. They are fetched by their own
// package managers into .cache/; where that cannot be, the reason is printed and the client left out (in CI it is a failure).
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runKcadm } from './kcadm.ts';
import { NotToBeHad } from './not-to-be-had.ts';
import { withPeople } from './people.ts';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '../../../.cache');

// Pinned: a suite that changes by itself finds other people's faults on the wrong day.
const pythonPackages = ['python-keycloak==7.1.1', 'django-allauth[openid,socialaccount]==65.21.1'];

export interface ClientRun {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What it did, or why it failed or was left out. */
  readonly words: string;
}

/** Runs each client against a server whose administrator is admin/admin. */
export async function runClients(base: string): Promise<readonly ClientRun[]> {
  const python = await openPython().catch((fault: Error) => fault);
  const script = async (...args: readonly string[]): Promise<string> => {
    if (python instanceof Error) throw new NotToBeHad(`Python's pip is needed: ${python.message.split('\n')[0]}`);
    const { stdout } = await run(python, [join(import.meta.dirname, args[0] ?? ''), ...args.slice(1)], {
      timeout: 120_000,
    });
    return stdout.trim();
  };
  const clients: readonly (readonly [string, () => Promise<string>])[] = [
    ['python-keycloak', async () => await script('python_keycloak.py', base, 'keyturn-clients-python')],
    [
      'django-allauth',
      async () =>
        await withPeople(base, 'keyturn-clients-django', async ({ realm, clientId, secret, username, password }) =>
          script('django_allauth.py', base, realm, clientId, secret, username, password),
        ),
    ],
    ['kcadm', async () => await runKcadm(base, 'keyturn-clients-kcadm')],
  ];
  const runs: ClientRun[] = [];
  for (const [name, work] of clients) {
    try {
      runs.push({ name, outcome: 'passed', words: await work() });
    } catch (fault) {
      const words = fault instanceof Error ? fault.message : String(fault);
      runs.push({ name, outcome: fault instanceof NotToBeHad ? 'skipped' : 'failed', words });
    }
  }
  return runs;
}

/** A Python of our own with the packages in it; made once, in `.cache/`. */
async function openPython(): Promise<string> {
  const home = join(cache, 'python-clients');
  const python = join(home, 'bin', 'python');
  const has = async (): Promise<boolean> =>
    existsSync(python) &&
    (await run(python, ['-c', 'import keycloak, jwt, allauth.socialaccount']).then(
      () => true,
      () => false,
    ));
  if (await has()) return python;
  await run('python3', ['-m', 'venv', home], { timeout: 120_000 });
  await run(python, ['-m', 'pip', 'install', '--quiet', ...pythonPackages], { timeout: 300_000 });
  return python;
}
