import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Dev, openDev } from '@keyturn/conformance/parts/dev';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
let dev: Dev;
beforeAll(async () => {
  dev = await openDev();
}, 90_000);
afterAll(() => dev.close());

it('the commands of docs/mcp.md do what the page says', { timeout: 60_000 }, async () => {
  const page = await readFile(join(import.meta.dirname, '..', '..', '..', '..', 'docs/mcp.md'), 'utf8');
  const blocks = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block);
  const script = blocks
    .join('\necho\n')
    .replaceAll('http://localhost:8040', dev.keyturn)
    .replaceAll('http://localhost:8041', new URL(dev.issuer).origin)
    .replaceAll('http://localhost:8000', dev.pizzeria)
    .replaceAll('http://localhost:9000', dev.management);
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script]);
  expect(stdout).toContain('"slug":"pizzeria-backend"');
  expect(stdout).toContain('"name":"pizzeria-backend__who_am_i"');
  expect(stdout).toContain('"outputSchema"');
  expect(stdout).toContain('"username":"dev-admin"');
  expect(stdout).toMatch(/^Bearer resource_metadata="[^"]+\/\.well-known\/oauth-protected-resource\/mcp"$/m);
  expect(stdout).toContain('"authorization_servers":');
  expect(stdout).toContain('"token_exchange":{"state":"closed"');
  expect(stdout).toContain('{"purged":1}');
  expect(stdout).toContain('tools_provider_token_exchange_count_total{audience="pizzeria-backend"} 1');
});
