import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Dev, devPorts, openDev } from '@keyturn/conformance/parts/dev';
import { hashPassword } from '@keyturn/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const runbooks = join(root, 'docs/runbooks');
const totpSecret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const password = 'correct horse battery staple';

/** What a page says after the commands of one block have run, for blocks whose exit status says too little. */
const said: Readonly<Record<string, readonly RegExp[]>> = {
  'health.md': [/"status":"UP"/, /keyturn_logins_total/],
  'user-cannot-log-in.md': [/"users":\[/],
  'role-stays.md': [/"users":\d+,"changed":\d+/],
  'break-glass.md': [/passwordHash/, /"kind":"break-glass"/, /keyturn_break_glass_total\{outcome="ok"\} 1/],
  'client-secret-mismatch.md': [/has a new secret, tried and written/],
};

let dev: Dev;
let folder: string;
let places: readonly (readonly [string, string])[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-runbooks-'));
  writeFileSync(join(folder, 'password.txt'), password);
  writeFileSync(join(folder, 'totp.txt'), totpSecret);
  const accounts = [{ username: 'alice', passwordHash: await hashPassword(password), totpSecret }];
  const ports = await devPorts();
  dev = await openDev({ ports, env: { KEYTURN_BREAK_GLASS__ACCOUNTS: JSON.stringify(accounts) } });
  places = [
    ['localhost:8040', `localhost:${ports.keyturn}`],
    ['localhost:8041', `localhost:${ports.idp}`],
    ['localhost:9000', `localhost:${ports.management}`],
    ['localhost:9001', `localhost:${ports.idpManagement}`],
  ];
}, 90_000);
afterAll(async () => {
  await dev.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Pastes the commands into a shell that stops at the first that fails. */
async function paste(commands: string): Promise<string> {
  const here = places.reduce((text, [from, to]) => text.replaceAll(from, to), commands);
  const script = `set -euo pipefail\nkeyturn() { "${process.execPath}" "${join(root, 'packages/cli/src/main.ts')}" "$@"; }\n${here}`;
  const env = { ...process.env, ADMIN_PASSWORD: 'admin', KEYCLOAK_URL: '', KEYCLOAK_REALM: '' };
  const done = await promisify(execFile)('bash', ['-c', script], { cwd: folder, env }).catch(
    (error: { stdout?: string; stderr?: string; message: string }) => {
      throw new Error(`${here}\n${error.stdout ?? ''}${error.stderr ?? ''}${error.message}`);
    },
  );
  return done.stdout + done.stderr;
}

describe('a runbook', () => {
  it.each(readdirSync(runbooks).filter((page) => page !== 'README.md'))(
    'has commands that work: %s',
    async (page) => {
      const text = readFileSync(join(runbooks, page), 'utf8');
      const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].map((block) => block[1] ?? '');
      expect(blocks.length, 'a runbook has commands').toBeGreaterThan(0);
      if (page === 'login-fails.md') await fetch(`${dev.keyturn}/login/callback?state=x`);
      let output = '';
      for (const block of blocks) output += await paste(block);
      output += text.includes('break-glass.yaml') ? readFileSync(join(folder, 'break-glass.yaml'), 'utf8') : '';
      for (const pattern of said[page] ?? []) expect(output).toMatch(pattern);
    },
    60_000,
  );

  it('is on the list', () => {
    const list = readFileSync(join(runbooks, 'README.md'), 'utf8');
    const missing = readdirSync(runbooks).filter((page) => page !== 'README.md' && !list.includes(`(${page})`));
    expect(missing).toEqual([]);
  });
});
