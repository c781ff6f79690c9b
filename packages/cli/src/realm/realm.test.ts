import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdp, type Idp } from '@keyturn/idp';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandFailure, type Io } from '../io.ts';
import { registerDoctorCommand, registerRealmCommands } from './register.ts';

let idp: Idp;
let url: string;
let folder: string;
const login = ['--user', 'admin', '--password', 'env:PW'];
const file = `realm: shop
enabled: true
recipes:
  - agent: { clientId: robot, secret: "\${ROBOT_SECRET}" }
clients:
  - { clientId: web, publicClient: true, redirectUris: ["http://localhost:1/*"] }
`;

beforeAll(async () => {
  idp = await createIdp({
    dataUrl: 'sqlite::memory:',
    env: { KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: 'pw' },
  });
  url = await idp.listen({ port: 0 });
  folder = mkdtempSync(join(tmpdir(), 'keyturn-realm-'));
  writeFileSync(join(folder, 'realm.yaml'), file);
});
afterAll(async () => {
  await idp.close();
  rmSync(folder, { recursive: true });
});

/** Runs a command as main.ts does. */
async function keyturn(...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  let status = 0;
  const io: Io = {
    env: { PW: 'pw', ROBOT_SECRET: 'robot-secret', KEYCLOAK_URL: url },
    cwd: folder,
    print: (text) => void out.push(text),
    complain: (text) => void err.push(text),
    exit: (code) => void (status = code),
    stopped: new Promise(() => undefined),
    isTerminal: false,
  };
  const program = new Command('keyturn');
  registerRealmCommands(program, io);
  registerDoctorCommand(program, io);
  const quiet = (command: Command): void => {
    command
      .exitOverride()
      .configureOutput({ writeErr: (text) => void err.push(text), writeOut: (text) => void out.push(text) });
    command.commands.forEach(quiet);
  };
  quiet(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    err.push(error.message);
    status = error.status;
  }
  return { out: out.join('\n'), err: err.join('\n'), status };
}

describe('keyturn realm', () => {
  it('plans, applies and drifts with Terraform’s exit codes', async () => {
    const planned = await keyturn('realm', 'plan', '--detailed-exitcode', '--out', 'plan.json', ...login);
    expect(planned.out.split('\n').at(-1)).toMatch(/^Plan: \d+ to add, 0 to change, 0 to destroy\.$/);
    expect(planned.status).toBe(2);
    expect(readFileSync(join(folder, 'plan.json'), 'utf8')).not.toContain('robot-secret');

    const applied = await keyturn('realm', 'apply', 'plan.json', '--json', ...login);
    expect(JSON.parse(applied.out)).toMatchObject({ ok: true, differences: [] });
    expect(applied.err).toContain('create client robot');
    expect((await keyturn('realm', 'apply', ...login)).out).toBe('No changes. Realm shop is as declared.');
    expect((await keyturn('realm', 'plan', '--detailed-exitcode', ...login)).status).toBe(0);
    expect(JSON.parse((await keyturn('realm', 'plan', '--json', ...login)).out)).toMatchObject({
      version: 1,
      steps: [],
      counts: { add: 0 },
    });

    writeFileSync(join(folder, 'other.yaml'), file.replace('localhost:1', 'localhost:2'));
    const drifted = await keyturn('realm', 'drift', '-f', 'other.yaml', '--metric', 'drift.prom', ...login);
    expect(drifted.status).toBe(2);
    expect(drifted.out).toContain('~ redirectUris = ["http://localhost:1/*"] -> ["http://localhost:2/*"]');
    expect(readFileSync(join(folder, 'drift.prom'), 'utf8')).toContain(
      'keyturn_realm_drift_objects{realm="shop",how="differs"} 1',
    );
    expect((await keyturn('realm', 'drift', ...login)).status).toBe(0);
  });

  it('exports what it can plan again, and imports a plain realm file', async () => {
    await keyturn('realm', 'export', 'shop', '--out', 'exported.yaml', ...login);
    const text = readFileSync(join(folder, 'exported.yaml'), 'utf8');
    expect(text).toContain('secret: ${ROBOT_SECRET:**********}');
    expect((await keyturn('realm', 'plan', '-f', 'exported.yaml', '--detailed-exitcode', ...login)).status).toBe(0);

    writeFileSync(
      join(folder, 'plain-realm.json'),
      JSON.stringify({
        id: 'x',
        realm: 'plain',
        enabled: true,
        clients: [
          { id: 'y', clientId: 'account' },
          { id: 'z', clientId: 'mine', secret: '${S:t}' },
        ],
      }),
    );
    await keyturn('realm', 'import', 'plain-realm.json', '--out', 'template.yaml');
    expect(readFileSync(join(folder, 'template.yaml'), 'utf8')).toBe(
      'realm: plain\nenabled: true\nclients:\n  - clientId: mine\n    secret: ${S:t}\n',
    );
    const imported = await keyturn('realm', 'import', 'plain-realm.json', ...login);
    expect(imported.out).toContain('Plan: 2 to add, 0 to change, 0 to destroy.');
  });

  it('rotates a secret into an environment file that only its owner can read', async () => {
    writeFileSync(join(folder, '.env'), 'A=1\nROBOT=old\n');
    const rotated = await keyturn(
      'realm',
      'rotate-secret',
      'robot',
      '--realm',
      'shop',
      '--to-env-file',
      '.env',
      '--name',
      'ROBOT',
      '--json',
      ...login,
    );
    expect(JSON.parse(rotated.out)).toEqual({ clientId: 'robot', realm: 'shop', oldStillValid: false });
    const text = readFileSync(join(folder, '.env'), 'utf8');
    expect(text).toMatch(/^A=1\nROBOT=[\w-]{64}\n$/);
    expect(statSync(join(folder, '.env')).mode & 0o077).toBe(0);
    expect(rotated.out + rotated.err).not.toContain(text.split('ROBOT=')[1]?.trim());
  });

  it('explains recipes and lints files without a server', async () => {
    expect((await keyturn('realm', 'explain')).out).toContain('## Replaces OIDC Authentication with Keycloak, step 2');
    expect((await keyturn('realm', 'explain')).out).toContain('secret: ${ROBOT_SECRET}');
    expect((await keyturn('realm', 'explain', 'pat-issuer')).out).toContain('standard.token.exchange.enabled: "true"');
    expect((await keyturn('realm', 'lint', 'realm.yaml')).status).toBe(0);
    writeFileSync(join(folder, 'bad.json'), '{"realm": "master"}');
    expect(await keyturn('realm', 'lint', 'bad.json')).toMatchObject({
      status: 2,
      out: expect.stringContaining('(no-master)'),
    });
  });

  it('refuses secrets on the command line, wrong logins and broken files in one sentence each', async () => {
    expect((await keyturn('realm', 'plan', '--user', 'admin', '--password', 'pw')).err).toBe(
      '--password: give -, @file or env:NAME. A secret on the command line can be read by every user of this machine.',
    );
    expect((await keyturn('realm', 'plan')).err).toMatch(/^No login: give --user/);
    expect((await keyturn('realm', 'plan', '--user', 'nobody', '--password', 'env:PW')).err).toMatch(
      /^The login at .* was refused/,
    );
    expect((await keyturn('realm', 'plan', '-f', 'nowhere.yaml', ...login)).err).toBe('nowhere.yaml cannot be read.');
    writeFileSync(join(folder, 'unset.yaml'), 'realm: x\nclients:\n  - clientId: a\n    secret: ${NOT_SET}\n');
    expect(await keyturn('realm', 'plan', '-f', 'unset.yaml', ...login)).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^unset\.yaml:4:13: clients\[0\]\.secret: .*NOT_SET/),
    });
    writeFileSync(join(folder, 'old.json'), '{"format":"keyturn-realm-plan","version":0}');
    expect((await keyturn('realm', 'apply', 'old.json', ...login)).err).toContain('plan again');
  });
});

describe('keyturn doctor', () => {
  it('looks at the realm, in words and as JSON', async () => {
    const healthy = await keyturn('doctor', '--realm', 'shop', ...login);
    expect(healthy.out).toContain('ok      issuer:');
    const wrong = await keyturn('doctor', '--realm', 'shop', '--issuer', 'http://localhost:1/realms/shop', '--json');
    expect(wrong.status).toBe(2);
    expect(JSON.parse(wrong.out)).toMatchObject({
      exitCode: 2,
      findings: expect.arrayContaining([expect.objectContaining({ check: 'issuer', severity: 'error' })]),
    });
    expect((await keyturn('doctor', '--realm', 'shop', '--only', 'nonsense')).err).toMatch(
      /^There is no check nonsense/,
    );
  });

  it('walks an exchange, with the options of both commands', async () => {
    writeFileSync(join(folder, 'token'), 'not-a-token\n');
    const walked = await keyturn(
      'doctor',
      'exchange',
      '--realm',
      'shop',
      '--token',
      '@token',
      '--audience',
      'x',
      ...login,
    );
    expect(walked.out).toContain('ERROR   exchange/subject-token');
    expect(walked.out).not.toContain('not-a-token');
    expect(walked.status).toBe(2);
  });
});
