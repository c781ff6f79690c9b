import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTokenHouse, type TokenHouse, year } from './open-token-house.ts';

let house: TokenHouse;
let john: string;
let jane: string;
beforeAll(async () => {
  house = await openTokenHouse();
  john = await house.tokenOf('john');
  jane = await house.tokenOf('jane');
});
afterAll(() => house[Symbol.asyncDispose]());

const tokens = '/api/v1/users/tokens';
const create = (body: object, token = john) => house.ask('POST', tokens, token, body);
const idOf = (reply: { body: Readonly<Record<string, unknown>> }) => String(reply.body['id']);
const tokenIn = (reply: { body: Readonly<Record<string, unknown>> }) => String(reply.body['token']);

/** Gives the grant as the user would, in a browser. */
async function grant(username: string): Promise<void> {
  const asked = await create({ name: 'asks', kind: 'reference' }, await house.tokenOf(username));
  if (asked.status !== 403) return;
  const page = await house.logIn(String(asked.body['grant_url']), username);
  expect(page.html).toContain('Thank you');
}

describe('a jwt token', () => {
  it('is issued by the identity provider, shown once, listed without its text, and opens the API', async () => {
    const made = await create({ name: 'laptop', kind: 'jwt' });
    expect(made.status, made.text).toBe(201);
    expect(made.headers.get('cache-control')).toBe('no-store');
    expect(made.body).toMatchObject({ name: 'laptop', kind: 'jwt' });
    expect(Object.keys(made.body)).toEqual(expect.arrayContaining(['id', 'name', 'token', 'created_at', 'expires_at']));
    const life = Date.parse(String(made.body['expires_at'])) - Date.parse(String(made.body['created_at']));
    expect(life / 1000).toBeGreaterThan(year * 0.99);
    const list = await house.ask('GET', tokens, john);
    expect(list.text).toContain('laptop');
    expect(list.text).not.toContain(tokenIn(made));
    const used = await house.ask('GET', '/api/v1/tools', tokenIn(made));
    expect(used.status, used.text).toBe(200);
    expect(house.log()).not.toContain(tokenIn(made));
  });

  it('is refused from the moment it is deleted, and looks like one that never was', async () => {
    const made = await create({ name: 'short-lived', kind: 'jwt' });
    expect((await house.ask('GET', '/api/v1/tools', tokenIn(made))).status).toBe(200);
    expect((await house.ask('DELETE', `${tokens}/${idOf(made)}`, john)).status).toBe(204);
    const refused = await house.ask('GET', '/api/v1/tools', tokenIn(made));
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain('invalid_token');
    expect((await house.ask('DELETE', `${tokens}/${idOf(made)}`, john)).status).toBe(404);
  });

  it('that the issuing client made behind our back is refused, since it is not in the table', async () => {
    const behind = await house.idp.token('volundr', {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      client_id: 'pat-issuer',
      client_secret: 'pat-issuer-secret',
      subject_token: john,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    });
    expect((await house.ask('GET', '/api/v1/tools', behind)).status).toBe(401);
  });

  it('is refused in every other spelling, before and after it is revoked', async () => {
    const made = await create({ name: 'spelled', kind: 'jwt' });
    const token = tokenIn(made);
    const last = token.at(-1) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twin = token.slice(0, -1) + (alphabet[alphabet.indexOf(last) ^ 1] ?? '');
    for (const other of [`${token}=`, twin, token.replace('.', '=.'), `${token}.`]) {
      expect((await house.ask('GET', '/api/v1/tools', other)).status, other.slice(-8)).toBe(401);
    }
    expect((await house.ask('GET', '/api/v1/tools', token)).status).toBe(200);
  });

  it('is refused with the setting that caps it, if it would end sooner than asked', async () => {
    await using capped = await openTokenHouse({
      settings: {
        pat: {
          sealKey: Buffer.alloc(32, 7).toString('base64'),
          token_issuer_kwargs: { client_id: 'keyturn-short', client_secret: 'short' },
        },
      },
    });
    const reply = await capped.ask('POST', tokens, await capped.tokenOf('john'), { name: 'x', kind: 'jwt' });
    expect(reply.status).toBe(422);
    expect(reply.body).toMatchObject({ code: 'token_lifetime_capped', granted: 300 });
    expect(String(reply.body['capped_by'])).toContain('access.token.lifespan');
  });

  it('is not made when the identity provider refuses, whose words are passed on', async () => {
    const reply = await create({ name: 'nowhere', kind: 'jwt', audiences: ['no-such-client'] });
    expect(reply.status).toBe(502);
    expect(reply.body).toMatchObject({ code: 'token_issuer_refused', idp_error: 'invalid_client' });
    expect((await house.ask('GET', tokens, john)).text).not.toContain('nowhere');
  });
});

describe('a name', () => {
  it('has 1 to 100 characters', async () => {
    for (const name of ['', '   ', 'x'.repeat(101), 'a\nb', 'a\0b', 'a\u2028b', 'a\u202eb', 'a\u2067b', 7, null]) {
      expect((await create({ name, kind: 'jwt' })).status, String(name)).toBe(400);
    }
    expect((await create({ name: '🔑'.repeat(100), kind: 'jwt' })).status).toBe(201);
    // Joiners belong to words and to pictures.
    expect((await create({ name: '👩\u200d💻 می\u200cخواهم', kind: 'jwt' })).status).toBe(201);
  });

  it('is unique among one’s own tokens, also when two ask at once', async () => {
    const both = await Promise.all([create({ name: 'twice', kind: 'jwt' }), create({ name: 'twice', kind: 'jwt' })]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect((await create({ name: 'twice', kind: 'jwt' }, jane)).status).toBe(201);
  });

  it('can be changed by its owner, and not to one that is taken', async () => {
    const made = await create({ name: 'before', kind: 'jwt' });
    const renamed = await house.ask('PATCH', `${tokens}/${idOf(made)}`, john, { name: 'after' });
    expect(renamed.body).toMatchObject({ name: 'after' });
    await create({ name: 'taken', kind: 'jwt' });
    expect((await house.ask('PATCH', `${tokens}/${idOf(made)}`, john, { name: 'taken' })).status).toBe(409);
  });
});

describe('how many tokens one has', () => {
  it('is bounded, however many are asked for at once', async () => {
    await using few = await openTokenHouse({ settings: { pat: { maxPerOwner: 3 } } });
    const owner = await few.tokenOf('john');
    const asked = [1, 2, 3, 4, 5, 6, 7, 8].map((n) =>
      few.ask('POST', tokens, owner, { name: `token ${n}`, kind: 'jwt' }),
    );
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([201, 201, 201, 409, 409, 409, 409, 409]);
    expect((await few.ask('POST', tokens, owner, { name: 'one more', kind: 'jwt' })).body).toMatchObject({
      code: 'too_many_tokens',
      limit: 3,
    });
  });
});

describe('an id', () => {
  it('that is unknown, malformed or somebody else’s answers alike', async () => {
    const hers = await create({ name: 'hers', kind: 'jwt' }, jane);
    const replies = await Promise.all(
      [idOf(hers), `pat_${'0'.repeat(26)}`, 'nonsense', '..%2f..', `pat_${'0'.repeat(25)}%00`].map((id) =>
        house.ask('DELETE', `${tokens}/${id}`, john),
      ),
    );
    for (const reply of replies) {
      expect(reply.status, reply.text).toBe(404);
      expect({ ...reply.body, request_id: '' }).toEqual({ ...replies[0]?.body, request_id: '' });
    }
    expect((await house.ask('GET', '/api/v1/tools', tokenIn(hers))).status).toBe(200);
  });
});

describe('a personal access token', () => {
  it('can neither make, rotate nor rename one', async () => {
    const made = await create({ name: 'maker', kind: 'jwt' });
    const token = tokenIn(made);
    expect((await create({ name: 'child', kind: 'jwt' }, token)).body).toMatchObject({ code: 'token_by_token' });
    expect((await house.ask('POST', `${tokens}/${idOf(made)}/rotate`, token, {})).status).toBe(403);
    expect((await house.ask('PATCH', `${tokens}/${idOf(made)}`, token, { name: 'other' })).status).toBe(403);
  });

  it('that is read-only changes nothing, and one for certain tools does nothing else', async () => {
    const reader = tokenIn(await create({ name: 'reader', kind: 'jwt', read_only: true }));
    expect((await house.ask('GET', '/api/v1/sources', reader)).status).toBe(200);
    const refused = await house.ask('POST', `${tokens}/revoke-all`, reader, {});
    expect(refused.status).toBe(403);
    const tools = tokenIn(await create({ name: 'tools', kind: 'jwt', tools: ['pizzeria-backend/*'] }));
    expect((await house.ask('GET', '/api/v1/tools', tools)).status).toBe(200);
    expect((await house.ask('GET', '/api/v1/sources', tools)).status).toBe(403);
  });

  it('works only from the networks and at the services that it is narrowed to', async () => {
    const far = tokenIn(await create({ name: 'far', kind: 'jwt', source_cidrs: ['10.0.0.0/8', '2001:db8::/32'] }));
    expect((await house.ask('GET', '/api/v1/tools', far)).status).toBe(401);
    const near = tokenIn(await create({ name: 'near', kind: 'jwt', source_cidrs: ['127.0.0.0/8', '::1'] }));
    expect((await house.ask('GET', '/api/v1/tools', near)).status).toBe(200);
    for (const bad of ['10.0.0.0/33', 'x', '10.0.0.0/8/8', '']) {
      expect((await create({ name: 'bad', kind: 'jwt', source_cidrs: [bad] })).status, bad).toBe(400);
    }
  });

  it('ends when it says, and lives no longer than policy allows', async () => {
    expect((await create({ name: 'long', kind: 'jwt', expires_in: year + 1 })).status).toBe(400);
    expect((await create({ name: 'past', kind: 'jwt', expires_at: '2001-01-01T00:00:00Z' })).status).toBe(400);
    const made = await create({ name: 'minute', kind: 'jwt', expires_in: 60 });
    expect((await house.ask('GET', '/api/v1/tools', tokenIn(made))).status).toBe(200);
  });

  it('goes on under a new secret after a rotation, the old one for the overlap', async () => {
    const made = await create({ name: 'rotating', kind: 'jwt' });
    const next = await house.ask('POST', `${tokens}/${idOf(made)}/rotate`, john, { overlap: 600 });
    expect(next.status, next.text).toBe(200);
    expect(idOf(next)).toBe(idOf(made));
    expect((await house.ask('GET', '/api/v1/tools', tokenIn(next))).status).toBe(200);
    expect((await house.ask('GET', '/api/v1/tools', tokenIn(made))).status).toBe(200);
    const third = await house.ask('POST', `${tokens}/${idOf(made)}/rotate`, john, { overlap: 0 });
    expect((await house.ask('GET', '/api/v1/tools', tokenIn(third))).status).toBe(200);
    expect((await house.ask('GET', '/api/v1/tools', tokenIn(made))).status).toBe(401);
    expect((await house.ask('GET', '/api/v1/tools', tokenIn(next))).status).toBe(401);
  });
});

describe('a reference token', () => {
  it('needs a grant, which its owner gives once in the browser', async () => {
    const asked = await create({ name: 'first' });
    expect(asked.status).toBe(403);
    expect(asked.body).toMatchObject({ code: 'grant_required' });
    const address = String(asked.body['grant_url']);
    // Somebody else who opens the link gives nothing.
    expect((await house.logIn(address, 'jane')).status).toBe(403);
    expect((await create({ name: 'first' })).status).toBe(403);
    const again = String((await create({ name: 'first' })).body['grant_url']);
    expect((await house.logIn(again, 'john')).html).toContain('Thank you');
    // A link works once.
    expect((await house.logIn(again, 'john')).status).toBe(400);
    const made = await create({ name: 'first' });
    expect(made.status, made.text).toBe(201);
    expect(tokenIn(made)).toMatch(/^ktn_[0-9A-Za-z]{36}$/);
    const used = await house.ask('GET', '/api/v1/tools', tokenIn(made));
    expect(used.status, used.text).toBe(200);
    expect(house.log()).not.toContain(tokenIn(made));
  });

  it('has one spelling: any other text is refused without a look at the table', async () => {
    await grant('john');
    const token = tokenIn(await create({ name: 'spelled-reference' }));
    for (const other of [
      `${token}=`,
      token.toUpperCase(),
      `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`,
      'ktn_',
      `ktn_${'a'.repeat(36)}`,
      token.slice(0, -1),
    ]) {
      expect((await house.ask('GET', '/api/v1/tools', other)).status, other).toBe(401);
    }
  });

  it('is refused at once when revoked, with all others of its owner, or by an administrator', async () => {
    await grant('john');
    const open = (token: string) => house.ask('GET', '/api/v1/tools', token).then(({ status }) => status);
    const one = await create({ name: 'one' });
    const two = await create({ name: 'two' });
    expect([await open(tokenIn(one)), await open(tokenIn(two))]).toEqual([200, 200]);
    await house.ask('DELETE', `${tokens}/${idOf(one)}`, john);
    expect([await open(tokenIn(one)), await open(tokenIn(two))]).toEqual([401, 200]);
    const subject = JSON.parse(Buffer.from(john.split('.')[1] ?? '', 'base64url').toString()).sub;
    const body = { user: String(subject) };
    expect((await house.ask('POST', '/api/v1/tokens/revoke', john, body)).status).toBe(403);
    const admin = await house.tokenOf('admin');
    expect((await house.ask('POST', '/api/v1/tokens/revoke', admin, body)).status).toBe(200);
    expect(await open(tokenIn(two))).toBe(401);
    expect(await open(john)).toBe(200);
    // The grant has ended with them.
    expect((await create({ name: 'three' })).body).toMatchObject({ code: 'grant_required' });
  });

  it('is refused when its owner is disabled, within the interval, and works again when they are back', async () => {
    await grant('jane');
    const token = tokenIn(await create({ name: 'bound', kind: 'reference' }, await house.tokenOf('jane')));
    expect((await house.ask('GET', '/api/v1/tools', token)).status).toBe(200);
    await administer('jane', 'PUT', '', { enabled: false });
    house.advance(61);
    expect((await house.ask('GET', '/api/v1/tools', token)).status).toBe(401);
    await administer('jane', 'PUT', '', { enabled: true });
    house.advance(61);
    expect((await house.ask('GET', '/api/v1/tools', token)).status).toBe(200);
  });
});

describe('a jwt token’s owner', () => {
  /** What the edge says of the token's roles. */
  const rolesBy = async (token: string): Promise<string | undefined> => {
    const answer = await fetch(`${house.url}/edge/envoy/x`, { headers: { authorization: `Bearer ${token}` } });
    return answer.status === 200 ? (answer.headers.get('x-keyturn-roles') ?? '') : undefined;
  };
  /** The first use after the interval asks beside; the next knows. */
  const settled = async (token: string, wanted: string | undefined): Promise<void> => {
    house.advance(61);
    let seen = await rolesBy(token);
    for (let i = 0; i < 100 && seen !== wanted; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      seen = await rolesBy(token);
    }
    expect(seen).toBe(wanted);
  };

  it('takes a lost role out of it within the interval, and the whole token when disabled', async () => {
    const token = tokenIn(await create({ name: 'roles', kind: 'jwt' }, await house.tokenOf('chef')));
    expect(await rolesBy(token)).toBe('chef');
    const role = await administer('chef', 'GET', '/role-mappings/realm');
    const chef = (role as readonly { name: string }[]).find(({ name }) => name === 'chef');
    await administer('chef', 'DELETE', '/role-mappings/realm', [chef]);
    await settled(token, '');
    await administer('chef', 'PUT', '', { enabled: false });
    await settled(token, undefined);
  });
});

describe('the first use of a jwt token', () => {
  it('waits until its owner has been looked at: one who was disabled meanwhile does not come in, however many ask', async () => {
    const made = await create({ name: 'unused', kind: 'jwt' }, await house.tokenOf('admin'));
    await administer('admin', 'PUT', '', { enabled: false });
    const uses = [1, 2, 3].map(() => house.ask('GET', '/api/v1/tools', tokenIn(made)));
    expect((await Promise.all(uses)).map(({ status }) => status)).toEqual([401, 401, 401]);
    await administer('admin', 'PUT', '', { enabled: true });
  });
});

describe('a rotation', () => {
  it('gives the token the life that it was made with, however often, and never more', async () => {
    const made = await create({ name: 'ages', kind: 'jwt', expires_in: 3600 }, await house.tokenOf('john'));
    for (let i = 0; i < 3; i++) {
      house.advance(1800);
      const next = await house.ask('POST', `${tokens}/${idOf(made)}/rotate`, await house.tokenOf('john'), {});
      expect(Math.abs(Date.parse(String(next.body['expires_at'])) / 1000 - house.now() - 3600)).toBeLessThanOrEqual(2);
    }
  });

  it('after its owner was logged out everywhere gives a secret that is good', async () => {
    const status = async (token: string) => (await house.ask('GET', '/api/v1/tools', token)).status;
    const made = await create({ name: 'survivor', kind: 'jwt' }, await house.tokenOf('jane'));
    expect(await status(tokenIn(made))).toBe(200);
    house.advance(1);
    await administer('jane', 'POST', '/logout');
    for (let i = 0; i < 50 && (await status(tokenIn(made))) === 200; i++) {
      house.advance(61);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await status(tokenIn(made))).toBe(401);
    house.advance(2);
    const next = await house.ask('POST', `${tokens}/${idOf(made)}/rotate`, await house.tokenOf('jane'), {});
    expect(await status(tokenIn(next))).toBe(200);
    expect(await status(tokenIn(made))).toBe(401);
  });
});

/** Does something to a user as the administrator of the identity provider. */
async function administer(username: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const headers = {
    authorization: `Bearer ${await house.idp.adminToken()}`,
    'content-type': 'application/json',
  };
  const users = `${house.idp.url}/admin/realms/volundr/users`;
  const found = await fetch(`${users}?username=${username}&exact=true`, { headers });
  const [user] = (await found.json()) as { id: string }[];
  const answer = await fetch(`${users}/${user?.id ?? ''}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(answer.status).toBeLessThan(300);
  const text = await answer.text();
  return text === '' ? undefined : JSON.parse(text);
}

describe('introspection', () => {
  const introspect = async (token: string, secret = 'introspection-secret', client = 'pizzeria-backend') => {
    const answer = await fetch(`${house.url}/oauth2/introspect`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ token }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };

  it('says active until a token is revoked, and wants a client that it knows', async () => {
    const made = await create({ name: 'asked-about', kind: 'jwt' }, await house.tokenOf('john'));
    expect(made.status, made.text).toBe(201);
    expect((await introspect(tokenIn(made))).body).toMatchObject({ active: true, pat: idOf(made) });
    await house.ask('DELETE', `${tokens}/${idOf(made)}`, await house.tokenOf('john'));
    expect(await introspect(tokenIn(made))).toEqual({ status: 200, body: { active: false } });
    expect(await introspect('nonsense')).toEqual({ status: 200, body: { active: false } });
    expect((await introspect(tokenIn(made), 'wrong')).status).toBe(401);
  });

  it('reads a client’s secret to its end, encoded as RFC 6749 says or as it is', async () => {
    const secret = 'colons:and&ampersands';
    for (const good of [secret, encodeURIComponent(secret)]) {
      expect((await introspect('nonsense', good, 'billing')).status, good).toBe(200);
    }
    for (const bad of ['colons', 'colons:and', `${secret}:more`, `${secret}&more`]) {
      expect((await introspect('nonsense', bad, 'billing')).status, bad).toBe(401);
    }
    expect((await introspect('nonsense', 'introspection-secret:more')).status).toBe(401);
    expect((await introspect('nonsense', 'introspection-secret&more')).status).toBe(401);
  });
});
