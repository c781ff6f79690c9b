import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from '../house/open-house.ts';
import { runCommand } from '../run-command.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const page = readFileSync(join(root, 'docs', 'rbac.md'), 'utf8');

let house: House;
let folder: string;
let admin: string;
let john: string;
beforeAll(async () => {
  house = await openHouse();
  folder = mkdtempSync(join(tmpdir(), 'keyturn-rbac-'));
  mkdirSync(join(folder, 'docs', 'rbac'), { recursive: true });
  copyFileSync(join(root, 'docs', 'rbac', 'rbac.yaml'), join(folder, 'docs', 'rbac', 'rbac.yaml'));
  [admin, john] = await Promise.all([house.tokenOf('admin'), house.tokenOf('john')]);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await house[Symbol.asyncDispose]();
});

const subjectOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string }).sub;

const keyturn = (args: readonly string[], token = admin) =>
  runCommand(args, {
    env: { XDG_CONFIG_HOME: folder, KEYTURN_URL: house.url, KEYTURN_TOKEN: token },
    cwd: folder,
  });

/** The words of a line of shell, with its variables put in. */
const wordsOf = (line: string, variables: ReadonlyMap<string, string>): readonly string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) =>
    (quoted ?? bare ?? '').replaceAll(/\$([A-Z]+)/g, (_, name: string) => variables.get(name) ?? ''),
  );

describe('docs/rbac.md', () => {
  it('has commands that work as they stand, one after the other', async () => {
    const variables = new Map([['JOHN', subjectOf(john)]]);
    const said = new Map<string, string>();
    const lines = [...page.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) => block.trim().split('\n'));
    expect(lines.length).toBeGreaterThan(15);
    for (const line of lines) {
      const [, name, inner] = /^([A-Z]+)=\$\((.*)\)$/.exec(line) ?? [];
      const command = inner ?? line;
      if (command.includes('$ITEM')) {
        const shown = await keyturn(['rbac', 'review', 'show', variables.get('REVIEW') ?? '', '--json']);
        const { decisions } = JSON.parse(shown.out) as { decisions: { id: string }[] };
        variables.set('ITEM', decisions[0]?.id ?? '');
      }
      const [program, ...args] = wordsOf(command, variables);
      expect(program).toBe('keyturn');
      const ran = await keyturn(args);
      expect(ran, `${line}: ${ran.err}`).toMatchObject({ status: 0 });
      if (name !== undefined) variables.set(name, ran.out);
      said.set(args.slice(0, 3).join(' '), `${ran.out}\n${ran.err}`);
    }
    expect(said.get('rbac roles')).toMatch(/Administrator +6 +Manager +\*/);
    expect(said.get('rbac explain content.publish')).toContain('has the role Editor (by hand)');
    expect(said.get('rbac who-can content.publish')).toContain('Editor (by hand): content.publish');
    expect(said.get('rbac review close')).toContain('revoked');
    expect(readFileSync(join(folder, 'evidence.csv'), 'utf8')).toContain('"has left the team","revoked"');
    expect(parse(readFileSync(join(folder, 'now.yaml'), 'utf8'))).toMatchObject({ roles: { Viewer: { tier: 1 } } });
  });

  it('names every function of the standard that there is, and none that there is not', async () => {
    const exported = Object.keys(await import('@keyturn/policy/rbac'));
    const standard = exported.filter((name) =>
      /^(add|delete|assign|deassign|grant|revoke|create|drop|check|set|ssd|dsd|assigned|authorized|role|user|session)[A-Z]/.test(
        name,
      ),
    );
    for (const name of standard.filter((one) => !['rolesOfMapping', 'rolesThatWouldAllow'].includes(one))) {
      expect(page, name).toContain(`\`${name}\``);
    }
    expect(standard.length).toBeGreaterThan(40);
  });

  it('shows settings that are settings, and the seed’s chain with its groups', async () => {
    const { settingsSchema } = await import('@keyturn/server');
    const settings = parse(/```yaml\n(rbac:.*?)```/s.exec(page)?.[1] ?? '') as object;
    const groups = readFileSync(join(root, 'docs', 'rbac', 'group-to-role.yaml'), 'utf8');
    const model = readFileSync(join(root, 'docs', 'rbac', 'rbac.yaml'), 'utf8');
    const auth = { issuer: 'https://id.example', audiences: ['a'] };
    expect(settingsSchema.safeParse({ auth, ...settings }).success).toBe(true);
    const seed = settingsSchema.parse({ auth, rbac: { groupToRole: groups, model } }).rbac;
    const mapped = Object.values(seed.groupToRole).flat();
    expect(mapped).toHaveLength(8);
    for (const role of mapped) expect(Object.keys(seed.model?.roles ?? {})).toContain(role);
  });
});

describe('keyturn rbac', () => {
  it('leaves with 2 where the file and what is in force differ, and with 0 where they do not', async () => {
    writeFileSync(join(folder, 'more.yaml'), 'roles:\n  Guest:\n');
    expect(await keyturn(['rbac', 'drift', '-f', 'more.yaml'])).toMatchObject({ out: '+ role Guest', status: 2 });
    expect((await keyturn(['rbac', 'plan', '-f', 'more.yaml', '--detailed-exitcode'])).status).toBe(2);
    await keyturn(['rbac', 'apply', '-f', 'more.yaml']);
    expect(await keyturn(['rbac', 'drift', '-f', 'more.yaml'])).toMatchObject({ out: '', status: 0 });
  });

  it('says what is wrong with a file, or with a plan that is out of date', async () => {
    writeFileSync(join(folder, 'bad.yaml'), 'roles: {x: {power: 9}}');
    expect(await keyturn(['rbac', 'plan', '-f', 'bad.yaml'])).toMatchObject({
      err: expect.stringContaining('power'),
      status: 1,
    });
    expect((await keyturn(['rbac', 'plan', '-f', 'nowhere.yaml'])).status).toBe(2);
    writeFileSync(join(folder, 'none.yaml'), '- a');
    expect((await keyturn(['rbac', 'plan', '-f', 'none.yaml'])).err).toContain('declares nothing');
    writeFileSync(join(folder, 'one.yaml'), 'roles: {One: {}}');
    await keyturn(['rbac', 'plan', '-f', 'one.yaml', '--out', 'one.json']);
    await keyturn(['rbac', 'apply', '-f', 'one.yaml']);
    expect((await keyturn(['rbac', 'apply', 'one.json'])).err).toContain('rbac_plan_stale');
  });

  it('shows a user who is not an administrator their own, and no more', async () => {
    expect((await keyturn(['rbac', 'me'], john)).out).toContain('no role of Keyturn’s');
    expect((await keyturn(['rbac', 'explain', 'content.view'], john)).out).toMatch(/may not content\.view.*\n.*would/);
    expect(await keyturn(['rbac', 'roles'], john)).toMatchObject({
      err: expect.stringContaining('forbidden'),
      status: 1,
    });
  });

  it('is known to completion', async () => {
    const { out } = await keyturn(['completion', 'bash']);
    expect(out).toMatch(
      /"rbac"\) words="plan apply drift export explain who-can me roles assign deassign activate drop review/,
    );
  });
});
