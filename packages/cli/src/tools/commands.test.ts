import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChangingUpstream, documentOf, openChangingUpstream } from '../house/changing-upstream.ts';
import { type House, openHouse } from '../house/open-house.ts';
import { runCommand, wordsOf } from '../run-command.ts';

let house: House;
let upstream: ChangingUpstream;
let folder: string;
let admin: string;
let john: string;
beforeAll(async () => {
  upstream = await openChangingUpstream();
  folder = mkdtempSync(join(tmpdir(), 'keyturn-tools-'));
  house = await openHouse({ settings: { tools: { allowedHosts: ['localhost', '127.0.0.1'] } } });
  await house.registerPizzeria();
  [admin, john] = [await house.tokenOf('admin'), await house.tokenOf('john')];
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  upstream.close();
  await house[Symbol.asyncDispose]();
});

const keyturn = (line: string, env: Record<string, string> = {}) =>
  runCommand(wordsOf(line), { env: { KEYTURN_URL: house.url, KEYTURN_TOKEN: admin, ...env }, cwd: folder });

describe('keyturn tools call', () => {
  it('prints the result alone, so that it can be piped, and leaves with 0', async () => {
    const ran = await keyturn('tools call who_am_i', { KEYTURN_TOKEN: john });
    expect([ran.status, ran.err]).toEqual([0, '']);
    expect(JSON.parse(ran.out)).toMatchObject({ seen: { username: 'john' } });
  });

  it('leaves with 1 and the upstream’s words where it refused', async () => {
    const ran = await keyturn('tools call pizzeria-backend/remove_menu_item item_id=diavola --json');
    expect(ran.status).toBe(1);
    expect(JSON.parse(ran.out)).toMatchObject({ status: 'failed', upstream_status: 403 });
  });

  it('names the argument that does not fit, and the tool that was probably meant', async () => {
    const args = await keyturn('tools call pizzeria-backend/get_menu_items vegetarian=perhaps');
    expect([args.status, args.err]).toEqual([1, expect.stringContaining('/arguments/vegetarian')]);
    const typo = await keyturn('tools call pizzeria-backend/get_menu_itms');
    expect([typo.status, typo.err]).toEqual([1, expect.stringContaining('pizzeria-backend/get_menu_items')]);
    expect((await keyturn('tools call pizzeria-backend/get_menu_items oops')).status).toBe(2);
  });

  it('takes a token from a file or the environment, never from the line, and says where one is missing', async () => {
    writeFileSync(join(folder, 'token'), `${john}\n`);
    const none = { KEYTURN_TOKEN: '', XDG_CONFIG_HOME: folder };
    expect((await keyturn('tools call who_am_i --token @token', none)).status).toBe(0);
    expect((await keyturn('tools call who_am_i --token env:MINE', { ...none, MINE: john })).status).toBe(0);
    const naked = await keyturn(`tools call who_am_i --token ${john}`, none);
    expect([naked.status, naked.err]).toEqual([2, expect.not.stringContaining(john)]);
    expect((await keyturn('tools list', none)).status).toBe(4);
    expect((await keyturn('tools list', { KEYTURN_TOKEN: 'no-token' })).status).toBe(4);
  });
});

describe('keyturn tools sources', () => {
  it('shows what has changed, waits for a person, and is accepted', async () => {
    upstream.serve(documentOf({ a: 'one', b: 'two' }));
    const added = await keyturn(
      `tools sources add ${upstream.documentUrl} --slug mine --auth none --review --every 6h`,
    );
    expect([added.status, added.out]).toEqual([0, expect.stringContaining('2 offered')]);
    upstream.serve(documentOf({ a: 'one, \u001b[31mchanged', c: 'three' }));
    expect((await keyturn('tools sources refresh mine --dry-run')).out).toContain(
      'would bring: 1 added, 1 changed, 1 removed',
    );
    const refreshed = await keyturn('tools sources refresh mine');
    for (const line of ['+ c  (waits)', '~ a  (waits)', '- b', '2 wait']) expect(refreshed.out).toContain(line);
    const diff = await keyturn('tools sources diff mine --detailed-exitcode');
    expect([diff.status, diff.out]).toEqual([2, expect.stringContaining('~ mine/a  GET /a')]);
    expect(diff.out).not.toContain('\u001b');
    expect((await keyturn('tools sources accept mine')).status).toBe(2);
    expect((await keyturn('tools sources accept mine c')).out).toBe('Accepted 1 tools of mine');
    expect((await keyturn('tools sources accept mine --all')).out).toBe('Accepted 1 tools of mine');
    expect((await keyturn('tools sources diff mine --detailed-exitcode')).status).toBe(0);
    expect((await keyturn('tools sources tools mine --state gone')).out).toContain('b');
    expect((await keyturn('tools sources health mine')).status).toBe(0);
    expect((await keyturn('tools sources remove mine')).status).toBe(0);
    expect((await keyturn('tools sources show mine')).status).toBe(1);
  });

  it('takes a secret from a file, and refuses it on the line', async () => {
    upstream.serve(documentOf({ a: 'one' }));
    const base = `tools sources add ${upstream.documentUrl} --slug keyed --auth api-key --auth-name X-Key`;
    expect((await keyturn(`${base} --auth-secret abc`)).err).toContain('give -, @file or env:NAME');
    writeFileSync(join(folder, 'secret'), 'abc\n');
    // This house has no key to seal with.
    expect((await keyturn(`${base} --auth-secret @secret`)).err).toContain('no_seal_key');
  });

  it('leaves with 2 where it is not understood', async () => {
    for (const line of [
      'tools sources add nowhere.yaml',
      `tools sources add ${upstream.documentUrl} --include pets`,
      `tools sources add ${upstream.documentUrl} --every often`,
      'tools access create x --group g',
      'tools groups create x --select pets',
      `tools sources add ${upstream.documentUrl} --auth api-key --auth-name X-Key --auth-secret abc`,
      `tools sources add ${upstream.documentUrl} --auth magic`,
      'tools sources frobnicate',
      'tools call',
      'tools list --nonsense',
    ]) {
      expect([line, (await keyturn(line)).status]).toEqual([line, 2]);
    }
  });
});

describe('keyturn tools list', () => {
  it('shows lines for people and JSON for programs', async () => {
    const lines = (await keyturn('tools list --source pizzeria-backend --search menu')).out.split('\n');
    expect(lines[0]).toMatch(/^TOOL +METHOD +DESCRIPTION$/);
    expect(lines.length).toBeGreaterThan(2);
    const json = JSON.parse((await keyturn('tools list --json')).out) as { tool_id: string }[];
    expect(json.map(({ tool_id }) => tool_id)).toContain('pizzeria-backend/get_menu_items');
  });
});
