import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logInInBrowser } from '@keyturn/conformance/parts/browser';
import { loadSettings } from '@keyturn/net';
import { aliases, settingsSchema } from '@keyturn/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Io } from '../io.ts';
import { buildProgram } from '../program.ts';
import { openTokenHouse, type TokenHouse } from './open-token-house.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const guide = readFileSync(join(root, 'docs/tokens.md'), 'utf8');

let house: TokenHouse;
let folder: string;
beforeAll(async () => {
  house = await openTokenHouse();
  folder = mkdtempSync(join(tmpdir(), 'keyturn-guide-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await house[Symbol.asyncDispose]();
});

/** Runs one line of the guide; where it asks for a browser, john opens one. */
async function run(line: string): Promise<string> {
  const [out, err]: [string[], string[]] = [[], []];
  const io: Io = {
    env: { XDG_CONFIG_HOME: folder, KEYTURN_URL: house.url },
    cwd: folder,
    print: (text) => void out.push(text),
    complain: (text) => {
      err.push(text);
      const address = /Open (\S+)/.exec(text)?.[1];
      if (address !== undefined) void logInInBrowser(address, { username: 'john', password: 'john' });
    },
    exit: (status) => void err.push(`exit ${status}`),
    stopped: new Promise(() => undefined),
    isTerminal: false,
  };
  const words = line.replace(/#.*/, '').trim().split(/\s+/);
  expect(words.shift()).toBe('keyturn');
  await buildProgram(io, 0).exitOverride().parseAsync(words, { from: 'user' });
  expect(err.join('\n')).not.toContain('exit ');
  return out.join('\n');
}

describe('the guide to tokens', () => {
  it('shows commands that work, in their order', async () => {
    const block = /```sh\n(.*?)```/s.exec(guide)?.[1] ?? '';
    const lines = block.split('\n').filter((line) => line.trim() !== '');
    expect(lines[0]).toMatch(/^keyturn auth login/);
    await run(lines[0] ?? '');
    // As the guide says: the first token needs a leave, which john gives in a browser.
    const asked = await house.ask('POST', '/api/v1/users/tokens', await house.tokenOf('john'), { name: 'asks' });
    await house.logIn(String(asked.body['grant_url']), 'john');
    const said: string[] = [];
    for (const line of lines.slice(1)) said.push(await run(line));
    expect(said[0]).toMatch(/^ktn_/);
    expect(said.join('\n')).toMatch(/NAME +KIND/);
    expect((await house.ask('GET', '/api/v1/tools', said[0] ?? '')).status).toBe(401);
  });

  it('shows rules for the edge that are rules', async () => {
    const text = /```yaml\n(edge:.*?)```/s.exec(guide)?.[1] ?? '';
    const loaded = await loadSettings({
      schema: settingsSchema,
      file: { path: 'keyturn.yaml', text: `auth: { issuer: "https://id.example/realms/x", audiences: [x] }\n${text}` },
      env: {},
      flags: {},
      aliases,
      prefix: 'KEYTURN_',
      readFile: () => Promise.reject(new Error('no file is named')),
    });
    expect(loaded).toMatchObject({ ok: true, value: { settings: { edge: { audiences: ['volundr-api'] } } } });
  });

  it('names requests that exist', async () => {
    const rows = [...guide.matchAll(/^\| `([A-Z]+) (\/api\/[^ `]+)/gm)].map(([, method = '', path = '']) => ({
      method,
      path: path.replace('{id}', `pat_${'0'.repeat(26)}`),
    }));
    expect(rows.length).toBeGreaterThanOrEqual(7);
    for (const { method, path } of rows) {
      const { status, body } = await house.ask(method, path);
      // Whoever is nobody is told so; of a path that is none, that there is nothing.
      expect({ path, status, code: body['code'] }).toMatchObject({ path, status: 401 });
    }
  });

  it('names files that are there', () => {
    for (const [, path = ''] of guide.matchAll(/`(deploy\/[^`*]+\.\w+|deploy\/caddy\/Caddyfile)`/g)) {
      expect(readFileSync(join(root, path), 'utf8').length, path).toBeGreaterThan(100);
    }
  });
});
