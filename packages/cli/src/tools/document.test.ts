import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from '../house/open-house.ts';
import { runCommand, wordsOf } from '../run-command.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'tools.md'), 'utf8');
const commands = [...page.matchAll(/```sh\n(.*?)```/gs)]
  .flatMap(([, block = '']) => block.split('\n'))
  .filter((line) => line.startsWith('keyturn '));

let house: House;
let folder: string;
let admin: string;
beforeAll(async () => {
  house = await openHouse();
  admin = await house.tokenOf('admin');
  folder = mkdtempSync(join(tmpdir(), 'keyturn-docs-'));
  const menu = `openapi: 3.1.0
info: { title: Menu, version: '1' }
paths:
  /menu:
    get: { operationId: menu, tags: [menu], responses: { '200': { description: ok } } }
    delete: { operationId: wipe, tags: [menu], responses: { '204': { description: ok } } }
`;
  writeFileSync(join(folder, 'menu.yaml'), menu);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await house[Symbol.asyncDispose]();
});

describe('docs/tools.md', () => {
  it('shows commands that work, in this order', async () => {
    expect(commands.length).toBeGreaterThan(25);
    for (const command of commands) {
      const [, ...args] = wordsOf(command.replaceAll('http://localhost:8000', house.pizzeria));
      const ran = await runCommand(args, { env: { KEYTURN_URL: house.url, KEYTURN_TOKEN: admin }, cwd: folder });
      expect([command, ran.status, ran.err]).toEqual([command, 0, ran.err]);
    }
  });
});
