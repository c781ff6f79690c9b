import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestIdp } from './testing/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'idp-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const realm = { demo: { clients: { web: { passwordGrant: true } }, users: { ann: { password: 'pw' } } } };

describe('an identity provider that was killed', () => {
  it('has its keys, sessions, refresh tokens and revocations when it comes back', async () => {
    const dataUrl = `sqlite:${join(folder, 'idp.db')}`;
    await using first = await startTestIdp(realm, { dataUrl });
    const port = Number(new URL(first.url).port);
    const login = { grant_type: 'password', client_id: 'web', username: 'ann', password: 'pw', scope: 'openid' };
    const { body } = await first.tokenAnswer('demo', login);
    const revoked = await first.token('demo', login);
    await fetch(`${first.issuer('demo')}/protocol/openid-connect/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token: revoked, client_id: 'web' }),
    });

    // The first one is not closed: what it has not written by now is lost.
    const left = join(folder, 'left.db');
    for (const suffix of ['', '-wal']) copyFileSync(join(folder, 'idp.db') + suffix, left + suffix);
    await using second = await startTestIdp(realm, { dataUrl: `sqlite:${left}`, hostname: `http://127.0.0.1:${port}` });
    const userinfo = async (token: unknown): Promise<number> => {
      const headers = { authorization: `Bearer ${String(token)}` };
      return (await fetch(`${second.url}/realms/demo/protocol/openid-connect/userinfo`, { headers })).status;
    };
    expect(await userinfo(body['access_token'])).toBe(200);
    expect(await userinfo(revoked)).toBe(401);
    const refresh = { grant_type: 'refresh_token', client_id: 'web', refresh_token: String(body['refresh_token']) };
    expect((await second.tokenAnswer('demo', refresh)).status).toBe(200);
  });

  it('keeps its file to its owner, since keys and secrets are in it', async () => {
    const path = join(folder, 'idp.db');
    await using idp = await startTestIdp(realm, { dataUrl: `sqlite:${path}` });
    expect(
      await idp.token('demo', { grant_type: 'password', client_id: 'web', username: 'ann', password: 'pw' }),
    ).not.toBe('');
    for (const suffix of ['', '-wal']) expect(statSync(path + suffix).mode & 0o077).toBe(0);
  });
});
