import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from '../house/open-house.ts';
import { runCommand, wordsOf } from '../run-command.ts';

let house: House;
let folder = '';
let admin = '';
beforeAll(async () => {
  house = await openHouse({
    settings: { policies: { default: 'allow' }, seal: { key: randomBytes(32).toString('base64') } },
  });
  admin = await house.tokenOf('admin');
  folder = mkdtempSync(join(tmpdir(), 'keyturn-policy-cli-'));
  await house.registerPizzeria();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await house[Symbol.asyncDispose]();
});

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', '..', '..', '..', path), 'utf8');

const keyturn = (line: string | readonly string[]) =>
  runCommand(typeof line === 'string' ? wordsOf(line) : line, {
    env: { XDG_CONFIG_HOME: folder, KEYTURN_URL: house.url, KEYTURN_TOKEN: admin },
    cwd: folder,
  });

describe('the guides', () => {
  it.each(['docs/policies.md', 'docs/audit.md'])(
    '%s has files that can be written and commands that work',
    async (path) => {
      const text = read(path);
      for (const [, name = '', yaml = ''] of text.matchAll(/```yaml\n# (\S+)\n(.*?)```/gs)) {
        writeFileSync(join(folder, name), yaml);
      }
      const commands = [...text.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) => block.trim().split('\n'));
      expect(commands.length).toBeGreaterThan(3);
      for (const command of commands) {
        expect(command).toMatch(/^keyturn /);
        const { status, err } = await keyturn(command.slice('keyturn '.length));
        expect([command, status, status === 0 ? '' : err]).toEqual([command, 0, '']);
      }
    },
  );
});

describe('keyturn policy', () => {
  const guard = (expression: string, name = 'p') =>
    JSON.stringify({
      apiVersion: 'keyturn.dev/v1alpha1',
      kind: 'SafetyPolicy',
      metadata: { name },
      spec: { rules: [{ name: 'r', type: 'StateEvaluation', action: 'Deny', expression }] },
    });

  it('shows where a file is wrong, and does not apply it', async () => {
    writeFileSync(join(folder, 'bad.json'), guard('true &&\n  request.spec.acton == "x"'));
    const lint = await keyturn('policy lint bad.json');
    expect(lint.status).toBe(1);
    expect(lint.err).toContain(
      'CEL type-check failed: rule "r": No such key: acton\n   2 |   request.spec.acton == "x"\n',
    );
    expect((await keyturn('policy apply bad.json')).status).toBe(1);
    writeFileSync(join(folder, 'broken.yaml'), 'kind: SafetyPolicy\nkind: Other\n');
    expect((await keyturn('policy lint broken.yaml')).err).toMatch(/broken\.yaml: line 2/);
    expect((await keyturn('policy lint nowhere.yaml')).status).toBe(1);
    writeFileSync(join(folder, 'two.yaml'), `${guard('true')}\n---\n${guard('false')}\n`);
    expect((await keyturn('policy lint two.yaml')).err).toContain('two policies are called p');
  });

  it('applies once, and says what it did', async () => {
    writeFileSync(join(folder, 'once.yaml'), guard('false', 'once'));
    expect((await keyturn('policy apply once.yaml')).out).toBe('once@1 created');
    expect((await keyturn('policy apply once.yaml')).out).toBe('once@1 unchanged');
    writeFileSync(join(folder, 'once.yaml'), guard('1 == 2', 'once'));
    expect((await keyturn('policy apply once.yaml')).out).toBe('once@2 changed');
    const shown = await keyturn('policy show once');
    writeFileSync(join(folder, 'shown.yaml'), shown.out);
    expect((await keyturn('policy apply shown.yaml')).out).toBe('once@2 unchanged');
    expect((await keyturn('policy mode once sometimes')).status).toBe(2);
    expect((await keyturn('policy show nothing')).err).toContain('unknown_policy');
  });

  it('explains a decision', async () => {
    writeFileSync(join(folder, 'draft.yaml'), guard('args.count > 1 && "ops" in principal.roles', 'draft'));
    const { out } = await keyturn([
      ...wordsOf('policy simulate -f draft.yaml --tool pizzeria-backend/place_order --role ops --args'),
      '{"count":2}',
    ]);
    expect(out).toContain('deny: The rule r of the policy draft says so');
    expect(out).toMatch(/draft@1\/r +Deny +matched +the expression is true +args\.count=2 principal\.roles=/);
    expect((await keyturn(['policy', 'simulate', '--args', '[1]'])).status).toBe(2);
  });
});

describe('keyturn audit', () => {
  it('names the first broken link of an export, offline', async () => {
    await keyturn('audit export -o good.jsonl');
    const good = await keyturn('audit verify good.jsonl');
    expect(good.out).toMatch(
      /good\.jsonl: \d+ rows in 1 chains follow from one another\n\d+ checkpoints, the last of .*\nsigned by /,
    );
    const checkpoint = /: ([0-9a-f]{64})$/m.exec(good.out)?.[1] ?? '';
    expect((await keyturn(`audit verify good.jsonl --checkpoint ${checkpoint}`)).status).toBe(0);
    expect((await keyturn(`audit verify good.jsonl --checkpoint ${'0'.repeat(64)}`)).err).toContain(
      '[checkpoint-missing]',
    );

    const lines = readFileSync(join(folder, 'good.jsonl'), 'utf8').split('\n');
    const at = lines.findIndex((line) => line.includes('"seq":2,') && line.includes('"type":"row"'));
    const broken = async (changed: readonly string[]) => {
      writeFileSync(join(folder, 'broken.jsonl'), changed.join('\n'));
      return keyturn('audit verify broken.jsonl');
    };
    const altered = await broken(
      lines.map((line, i) => (i === at ? line.replace('"outcome":"allowed"', '"outcome":"refused"') : line)),
    );
    expect([altered.status, altered.err]).toEqual([
      1,
      expect.stringMatching(/broken at line \d+: the row is not what was written \(chain aud_\w+, row 2\) \[altered\]/),
    ]);
    expect((await broken(lines.filter((_, i) => i !== at))).err).toContain('row 2) [missing]');
    expect((await broken(lines.slice(0, -3))).err).toContain('[no-export]');
    expect((await keyturn('audit verify nowhere.jsonl')).err).toContain('nowhere.jsonl cannot be read');
  });

  it('trusts the keys that it is given and no others', async () => {
    await keyturn('audit export -o good.jsonl');
    writeFileSync(join(folder, 'keys.json'), (await house.get('/api/v1/audit/keys')).text);
    expect((await keyturn('audit verify good.jsonl --keys keys.json')).out).toContain('trusted by you');
    writeFileSync(join(folder, 'none.json'), '{"keys":[]}');
    expect((await keyturn('audit verify good.jsonl --keys none.json')).err).toContain('[unknown-key]');
  });
});
