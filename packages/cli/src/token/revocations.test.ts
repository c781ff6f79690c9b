import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openRevocationStream } from '@keyturn/verify';
import type { Principal } from '@keyturn/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTokenHouse, type TokenHouse } from './open-token-house.ts';

let house: TokenHouse;
let john: string;
let service: string;
beforeAll(async () => {
  house = await openTokenHouse();
  john = await house.tokenOf('john');
  service = await house.tokenOf('service');
});
afterAll(() => house[Symbol.asyncDispose]());

const make = async (name: string): Promise<{ id: string; token: string; jti: string }> => {
  const { body } = await house.ask('POST', '/api/v1/users/tokens', john, { name, kind: 'jwt' });
  const token = String(body['token']);
  return { id: String(body['id']), token, jti: String(claimsOf(token)['jti']) };
};
const revoke = (id: string) => house.ask('DELETE', `/api/v1/users/tokens/${id}`, john);
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

async function eventually(happened: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !happened(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(happened()).toBe(true);
}

describe('the stream of revocations', () => {
  it('tells a service that verifies by itself what was revoked, before it came and from then on', async () => {
    const [before, after, kept] = [await make('before'), await make('after'), await make('kept')];
    await revoke(before.id);
    await using stream = openRevocationStream({
      url: `${house.url}/api/v1/revocations`,
      headers: () => ({ authorization: `Bearer ${service}` }),
    });
    const principalOf = (token: string, jti: string): Principal => ({
      issuer: house.issuer,
      identity: 'john',
      subject: undefined,
      client: 'pat-issuer',
      serviceAccount: false,
      audiences: [],
      scopes: [],
      roles: { realm: [], clients: {} },
      tokenId: jti,
      sessionId: undefined,
      issuedAt: undefined,
      expiresAt: claimsOf(token)['exp'] as Principal['expiresAt'],
      claims: {},
    });
    const standing = ({ token, jti }: { token: string; jti: string }) => {
      const now = Date.now() as Parameters<typeof stream.check>[2];
      const told = stream.check(principalOf(token, jti), token, now);
      return told instanceof Promise ? 'later' : told.standing;
    };
    expect(standing(kept)).toBe('unknown');
    await eventually(() => standing(kept) === 'good');
    expect(standing(before)).toBe('revoked');
    expect(standing(after)).toBe('good');
    await revoke(after.id);
    await eventually(() => standing(after) === 'revoked');
    expect(standing(kept)).toBe('good');
  });

  it('goes on after the event that the service has seen last', async () => {
    await revoke((await make('one more')).id);
    const read = async (lastEventId: string): Promise<string> => {
      const answer = await fetch(`${house.url}/api/v1/revocations`, {
        headers: { authorization: `Bearer ${service}`, 'last-event-id': lastEventId },
      });
      const reader = answer.body?.getReader();
      let text = '';
      while (!text.includes(': beat')) text += Buffer.from((await reader?.read())?.value ?? []).toString();
      await reader?.cancel();
      return text;
    };
    const all = await read('0');
    const ids = [...all.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    expect(ids).toEqual(ids.map((_, i) => i + 1));
    expect(await read(String(ids.at(-1)))).not.toContain('id:');
  });

  it('is for those with the role: it names users and sessions', async () => {
    expect((await house.ask('GET', '/api/v1/revocations', john)).status).toBe(403);
    expect((await house.ask('GET', '/api/v1/revocations')).status).toBe(401);
  });

  it('does not begin where what is in force cannot be read: whoever follows must not believe that they hear', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keyturn-revocations-'));
    const file = join(folder, 'keyturn.db');
    await using broken = await openTokenHouse({ settings: { store: { url: `sqlite:${file}` } } });
    const token = await broken.tokenOf('service');
    const database = new DatabaseSync(file);
    database.exec('alter table pats_revocation rename to elsewhere');
    database.close();
    const answer = await broken.ask('GET', '/api/v1/revocations', token);
    expect([answer.status, answer.body['request_id']]).toEqual([500, answer.headers.get('x-request-id')]);
    await rm(folder, { recursive: true });
  });

  it('ends at once when the token that opened it is revoked', async () => {
    const admin = await house.tokenOf('admin');
    const made = await house.ask('POST', '/api/v1/users/tokens', admin, { name: 'follower', kind: 'jwt' });
    const follower = String(made.body['token']);
    const answer = await fetch(`${house.url}/api/v1/revocations`, { headers: { authorization: `Bearer ${follower}` } });
    expect(answer.status).toBe(200);
    const ended = answer.text().then(
      () => 'ended',
      () => 'cut',
    );
    await house.ask('DELETE', `/api/v1/users/tokens/${String(made.body['id'])}`, admin);
    expect(['ended', 'cut']).toContain(await ended);
    expect((await house.ask('GET', '/api/v1/tools', follower)).status).toBe(401);
  });
});

describe('an administrator', () => {
  it('can refuse ordinary access tokens too, of a user, that were issued before now', async () => {
    const jane = await house.tokenOf('jane');
    expect((await house.ask('GET', '/api/v1/tools', jane)).status).toBe(200);
    const admin = await house.tokenOf('admin');
    const user = String(claimsOf(jane)['sub']);
    const revoked = await house.ask('POST', '/api/v1/tokens/revoke', admin, { user, access_tokens: true });
    expect(revoked.status).toBe(200);
    expect((await house.ask('GET', '/api/v1/tools', jane)).status).toBe(401);
    expect((await house.ask('GET', '/api/v1/tools', admin)).status).toBe(200);
    for (const body of [{}, { user, client: 'web' }, { user: '' }, { everything: false }]) {
      expect((await house.ask('POST', '/api/v1/tokens/revoke', admin, body)).status, JSON.stringify(body)).toBe(400);
    }
  });
});
