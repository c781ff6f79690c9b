import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Dev, openDev } from '@keyturn/conformance/parts/dev';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'keyturn-requests-guide-'));
let dev: Dev;
beforeAll(async () => {
  dev = await openDev();
}, 90_000);
afterAll(async () => {
  await dev.close();
  rmSync(folder, { recursive: true, force: true });
});

it('the commands of docs/requests.md lead a request from the question to its end', { timeout: 60_000 }, async () => {
  const page = readFileSync(join(root, 'docs/requests.md'), 'utf8');
  for (const [, name = '', yaml = ''] of page.matchAll(/```yaml\n# (\S+\.yaml)\n(.*?)```/gs)) {
    writeFileSync(join(folder, name), yaml);
  }
  const script = [...page.matchAll(/```sh\n(.*?)```/gs)]
    .map(([, block]) => block)
    .join('\necho\n')
    .replaceAll('http://localhost:8040', dev.keyturn)
    .replaceAll('http://localhost:8041', new URL(dev.issuer).origin);
  const keyturn = `keyturn() { "${process.execPath}" "${join(root, 'packages/cli/src/main.ts')}" "$@"; }`;
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', `${keyturn}\n${script}`], {
    cwd: folder,
    env: { ...process.env, KEYTURN_URL: dev.keyturn, XDG_CONFIG_HOME: folder },
  });
  expect(stdout).toContain('two-keys@1 created');
  expect(stdout).toContain('"phase":"Pending"');
  expect(stdout).toContain('"phase":"Executing"');
  expect(stdout).toContain('"phase":"Completed"');
});
