import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logInInBrowser } from '../parts/browser.ts';
import { startProcess } from '../parts/process.ts';
import { bearer, type Checks, sendRaw } from './checks.ts';
import type { Stage } from './stage.ts';

const main = join(import.meta.dirname, '..', '..', 'packages/cli/src/main.ts');

/** The commands as a user types them, in processes of their own: log in by device and by browser, make a token, revoke it. */
export async function checkCommandLine(stage: Stage, checks: Checks): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'keyturn-edge-home-'));
  const env = { XDG_CONFIG_HOME: home, KEYTURN_URL: stage.replicas[0]?.url ?? '', KEYTURN_TOKEN: '' };
  const john = { username: 'john', password: 'john' };
  const start = (...args: string[]) => startProcess(process.execPath, [main, ...args], { env, cwd: home });
  /** Runs a command to its end; gives what it printed last, and its status. */
  const run = async (...args: string[]): Promise<{ readonly last: string; readonly status: number | null }> => {
    const running = start(...args);
    const status = await running.ended;
    return { last: running.output().trimEnd().split('\n').at(-1) ?? '', status };
  };
  try {
    const url = stage.entrances.find(({ kinds }) => kinds.includes('reference'))?.url ?? '';
    for (const way of [[], ['--web']]) {
      const said = ['keyturn auth login', ...way].join(' ');
      const login = start('auth', 'login', ...way);
      const address = await addressIn(login.output);
      const page = await logInInBrowser(address, john);
      const status = await Promise.race([
        login.ended,
        new Promise((resolve) => setTimeout(() => resolve('late'), 30_000)),
      ]);
      checks.that(`${said}: logs in`, status === 0, { status, output: login.output(), page: page.url });
      if (status !== 0) await login.stop();
      const who = await run('auth', 'token');
      const plain = await sendRaw(url, '/x', bearer(who.last));
      checks.that(`${said}: keyturn auth token prints a token that passes`, plain.status === 200, plain);
      const name = `by hand ${way.length}`;
      const made = await run('token', 'create', name, '--kind', 'reference', '--expires', '7d');
      checks.that(
        `${said}: keyturn token create prints a token`,
        made.status === 0 && made.last.startsWith('ktn_'),
        made.status,
      );
      checks.that(`${said}: … which passes`, (await sendRaw(url, '/x', bearer(made.last))).status === 200);
      const revoked = await run('token', 'revoke', name);
      checks.that(`${said}: keyturn token revoke revokes it`, revoked.status === 0, revoked);
      checks.that(`${said}: … and it is refused`, (await sendRaw(url, '/x', bearer(made.last))).status === 401);
      checks.that(`${said}: keyturn auth logout`, (await run('auth', 'logout')).status === 0);
      const after = await run('token', 'list');
      checks.that(`${said}: … and then a login is needed`, after.status === 4, after);
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function addressIn(output: () => string): Promise<string> {
  for (let i = 0; i < 600; i++) {
    const address = /Open (\S+)/.exec(output())?.[1];
    if (address !== undefined) return address;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the command gives no address: ${output()}`);
}
