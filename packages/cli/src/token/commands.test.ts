import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLoginStore } from '../auth/login-store.ts';
import { runCommand } from '../run-command.ts';
import { readDuration } from './duration.ts';
import { openTokenHouse, type TokenHouse } from './open-token-house.ts';
import { formatTokens } from './table.ts';

let house: TokenHouse;
let folder: string;
let john: string;
beforeAll(async () => {
  house = await openTokenHouse();
  john = await house.tokenOf('john');
  folder = mkdtempSync(join(tmpdir(), 'keyturn-cli-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await house[Symbol.asyncDispose]();
});

/** Runs a command as the user would, and gives what it said and how it left. */
const keyturn = (args: string, env: Record<string, string> = {}) =>
  runCommand(args.split(' '), {
    env: { XDG_CONFIG_HOME: folder, KEYTURN_URL: house.url, KEYTURN_TOKEN: john, ...env },
    cwd: folder,
  });

describe('keyturn token', () => {
  it('makes a token and prints it alone, so that it can be put into a variable', async () => {
    const made = await keyturn('token create ci --kind jwt --expires 90d --read-only');
    expect(made.out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(made.err).toContain('ci (pat_');
    const listed = await keyturn('token list');
    expect(listed.out).toMatch(/NAME +KIND +ID/);
    expect(listed.out).toContain('ci');
    expect(listed.out).not.toContain(made.out);
    expect(JSON.parse((await keyturn('token list --json')).out)).toMatchObject([{ name: 'ci', read_only: true }]);
  });

  it('rotates and revokes by name', async () => {
    await keyturn('token create rotating --kind jwt');
    const rotated = await keyturn('token rotate rotating --overlap 0');
    expect((await house.ask('GET', '/api/v1/tools', rotated.out)).status).toBe(200);
    expect((await keyturn('token revoke rotating')).err).toBe('Revoked rotating');
    expect((await house.ask('GET', '/api/v1/tools', rotated.out)).status).toBe(401);
    expect(await keyturn('token revoke rotating')).toMatchObject({ status: 1 });
    expect((await keyturn('token revoke --all')).err).toMatch(/^Revoked \d+ tokens$/);
  });

  it('ends others’ tokens for an administrator: of a user, of a client, or all with --yes', async () => {
    const sub = String(JSON.parse(Buffer.from(john.split('.')[1] ?? '', 'base64url').toString()).sub);
    await keyturn('token revoke --all');
    const mine = await keyturn('token create mine --kind jwt');
    expect(await keyturn(`token revoke --user ${sub}`)).toMatchObject({
      status: 1,
      err: expect.stringContaining('forbidden'),
    });
    const admin = { KEYTURN_TOKEN: await house.tokenOf('admin') };
    expect(await keyturn(`token revoke --user ${sub}`, admin)).toMatchObject({ status: 0, err: 'Revoked 1 tokens' });
    expect((await house.ask('GET', '/api/v1/tools', mine.out)).status).toBe(401);
    await keyturn('token create again --kind jwt');
    expect(JSON.parse((await keyturn('token revoke --client web --json', admin)).out)).toEqual({ revoked: 1 });
    expect(await keyturn('token revoke --everything', admin)).toMatchObject({ status: 2 });
    expect(await keyturn('token revoke --everything --yes', admin)).toMatchObject({ status: 0 });
    for (const unclear of ['', ' x --all', ' --all --everything --yes', ' x --access-tokens']) {
      expect(await keyturn(`token revoke${unclear}`), unclear).toMatchObject({ status: 2 });
    }
  });

  it('says where to give leave, when the token needs a grant', async () => {
    const refused = await keyturn('token create plain');
    expect(refused.status).toBe(4);
    expect(refused.err).toContain('/login/start?ticket=');
  });

  it('passes on what Keyturn says is wrong, with its code', async () => {
    await keyturn('token create twice --kind jwt');
    expect((await keyturn('token create twice --kind jwt')).err).toContain('token_name_taken');
    expect(await keyturn('token list', { KEYTURN_TOKEN: 'nonsense' })).toMatchObject({ status: 4 });
    expect(await keyturn('token create x --expires soon')).toMatchObject({ status: 2 });
  });
});

describe('keyturn auth', () => {
  it('keeps logins where only their owner reads, renews them, and forgets them', async () => {
    const env = { KEYTURN_TOKEN: '' };
    expect(await keyturn('auth token', env)).toMatchObject({ status: 4 });
    expect(await keyturn('auth status', env)).toMatchObject({ status: 1 });
    const { body } = await house.idp.tokenAnswer('volundr', {
      grant_type: 'password',
      client_id: 'web',
      username: 'john',
      password: 'john',
    });
    const store = openLoginStore({ env: { XDG_CONFIG_HOME: folder } });
    const login = { issuer: house.issuer, clientId: 'web', user: 'john', refreshToken: String(body['refresh_token']) };
    // Run out: the first use renews it.
    store.set(house.url, { ...login, accessToken: 'old', expiresAt: 0 });
    expect((statSync(store.path).mode & 0o777).toString(8)).toBe('600');
    const token = await keyturn('auth token', env);
    expect(token.out).toMatch(/^eyJ/);
    expect((await keyturn('auth token', env)).out).toBe(token.out);
    expect((await keyturn('auth status', env)).out).toContain('john');
    expect((await keyturn('auth logout', env)).status).toBe(0);
    expect(await keyturn('auth token', env)).toMatchObject({ status: 4 });
    // The session is over at the identity provider too.
    store.set(house.url, { ...login, accessToken: 'old', expiresAt: 0 });
    expect((await keyturn('auth token', env)).err).toContain('the login has ended');
  });
});

describe('what people type and see', () => {
  it.each([
    ['90d', 7_776_000],
    ['12h', 43_200],
    ['1y', 31_536_000],
    ['30s', 30],
  ])('%s is %d seconds', (text, seconds) => expect(readDuration(text)).toBe(seconds));

  it('a name cannot steer the terminal', () => {
    expect(
      formatTokens([{ name: '\u001b[2Jx', kind: 'jwt', id: 'pat_1', expires_at: '', last_used_at: null }]),
    ).not.toContain('\u001b');
  });
});
