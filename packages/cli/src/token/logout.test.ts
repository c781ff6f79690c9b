import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTokenHouse, type TokenHouse } from './open-token-house.ts';

let house: TokenHouse;
beforeAll(async () => {
  house = await openTokenHouse();
  // Where Keyturn listens is known only now.
  const [client] = (await administer('GET', '/clients?clientId=keyturn-login')) as { id: string }[];
  const attributes = { 'backchannel.logout.url': `${house.url}/backchannel-logout` };
  await administer('PUT', `/clients/${client?.id ?? ''}`, { clientId: 'keyturn-login', attributes });
});
afterAll(() => house[Symbol.asyncDispose]());

const tokens = '/api/v1/users/tokens';
const open = async (token: string): Promise<number> => (await house.ask('GET', '/api/v1/tools', token)).status;
const make = async (token: string, body: object): Promise<string> => {
  const made = await house.ask('POST', tokens, token, body);
  expect(made.status, made.text).toBe(201);
  return String(made.body['token']);
};
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

async function eventually(happened: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 300 && !(await happened()); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await happened()).toBe(true);
}

/** Asks the admin API of the identity provider. */
async function administer(method: string, path: string, body?: unknown): Promise<unknown> {
  const headers = {
    authorization: `Bearer ${await house.idp.adminToken()}`,
    'content-type': 'application/json',
  };
  const answer = await fetch(`${house.idp.url}/admin/realms/volundr${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(answer.status).toBeLessThan(300);
  const text = await answer.text();
  return text === '' ? undefined : JSON.parse(text);
}

/** Gives the grant in a browser; from then on there is a session of the login client's. */
async function grant(username: string, token: string): Promise<void> {
  const asked = await house.ask('POST', tokens, token, { name: 'asks' });
  const page = await house.logIn(String(asked.body['grant_url']), username);
  expect(page.html).toContain('Thank you');
}

describe('an administrator who logs somebody out everywhere', () => {
  it('ends their tokens at once, by the word of the identity provider, and nobody else’s', async () => {
    const [john, jane] = [await house.tokenOf('john'), await house.tokenOf('jane')];
    await grant('john', john);
    await grant('jane', jane);
    const [reference, jwt] = [await make(john, { name: 'ci' }), await make(john, { name: 'old', kind: 'jwt' })];
    const hers = await make(jane, { name: 'ci' });
    expect([await open(reference), await open(jwt), await open(hers)]).toEqual([200, 200, 200]);
    // What Keycloak knows by the second: a token made in the second of the logout survives it.
    house.advance(2);
    await administer('POST', `/users/${String(claimsOf(john)['sub'])}/logout`);
    await eventually(async () => (await open(reference)) === 401);
    await eventually(async () => (await open(jwt)) === 401);
    expect([await open(hers), await open(jane)]).toEqual([200, 200]);
    const refused = await house.ask('POST', tokens, await house.tokenOf('john'), { name: 'again' });
    expect(refused.body).toMatchObject({ code: 'grant_required' });
  });
});

describe('a logout', () => {
  it('ends the access tokens of the session, and no personal access token', async () => {
    const chef = await house.tokenOf('chef');
    await grant('chef', chef);
    const [reference, jwt] = [await make(chef, { name: 'ci' }), await make(chef, { name: 'old', kind: 'jwt' })];
    expect([await open(reference), await open(jwt), await open(chef)]).toEqual([200, 200, 200]);
    const other = await house.tokenOf('chef');
    expect(await tell({ sub: claimsOf(chef)['sub'], sid: claimsOf(chef)['sid'] })).toBe(200);
    expect(await open(chef)).toBe(401);
    expect([await open(reference), await open(jwt), await open(other)]).toEqual([200, 200, 200]);
    // Without a session all of the person’s are meant; what a reference token is swapped for is none of them.
    expect(await tell({ sub: claimsOf(chef)['sub'] })).toBe(200);
    expect(await open(other)).toBe(401);
    expect([await open(reference), await open(jwt)]).toEqual([200, 200]);
  });

  it('of the session in which the grant was given leaves the reference tokens alone', async () => {
    const admin = await house.tokenOf('admin');
    await grant('admin', admin);
    const reference = await make(admin, { name: 'ci' });
    expect(await open(reference)).toBe(200);
    const sub = String(claimsOf(admin)['sub']);
    const sessions = (await administer('GET', `/users/${sub}/sessions`)) as { id: string; clients: object }[];
    const session = sessions.find(({ clients }) => Object.values(clients).includes('keyturn-login'));
    expect(await tell({ sub, sid: session?.id })).toBe(200);
    expect(await open(reference)).toBe(200);
  });

  it('closes the streams of the session at once', async () => {
    const service = await house.tokenOf('service');
    const answer = await fetch(`${house.url}/api/v1/revocations`, { headers: { authorization: `Bearer ${service}` } });
    expect(answer.status).toBe(200);
    const ended = answer.text().then(
      () => 'ended',
      () => 'cut',
    );
    expect(await tell({ sid: claimsOf(service)['sid'] })).toBe(200);
    expect(['ended', 'cut']).toContain(await ended);
  });
});

let jti = 0;
/** A good logout token but for the change; undefined leaves a claim out. */
async function logoutToken(change: Readonly<Record<string, unknown>>): Promise<string> {
  const now = house.now();
  jti += 1;
  const claims = {
    iss: house.issuer,
    aud: 'keyturn-login',
    iat: now,
    exp: now + 120,
    jti: `logout-${jti}`,
    typ: 'Logout',
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    ...change,
  };
  return house.idp.signed('volundr', claims, 'logout+jwt');
}

const send = (body: string | URLSearchParams, headers: Record<string, string> = {}) =>
  fetch(`${house.url}/backchannel-logout`, { method: 'POST', body, headers });
const tell = async (change: Readonly<Record<string, unknown>>): Promise<number> =>
  (await send(new URLSearchParams({ logout_token: await logoutToken(change) }))).status;

describe('POST /backchannel-logout', () => {
  it('answers 200 to a logout token, once, and 400 to the same again', async () => {
    const form = new URLSearchParams({ logout_token: await logoutToken({ sid: 'once' }) });
    const first = await send(form);
    expect([first.status, first.headers.get('cache-control'), await first.text()]).toEqual([200, 'no-store', '']);
    const again = await send(form);
    expect([again.status, again.headers.get('cache-control')]).toEqual([400, 'no-store']);
    expect(await again.json()).toMatchObject({ error: 'invalid_request' });
  });

  it.each([
    ['with a nonce', { sid: 's', nonce: 'n' }],
    ['for another client', { sid: 's', aud: 'web' }],
    ['for others too', { sid: 's', aud: ['keyturn-login', 'web'] }],
    ['of another issuer', { sid: 's', iss: 'https://elsewhere.example/realms/volundr' }],
    ['that has expired', { sid: 's', iat: 1_000_000_000, exp: 1_000_000_120 }],
    ['without the event', { sid: 's', events: {} }],
    ['without person and session', {}],
    ['without an id', { sid: 's', jti: undefined }],
  ])('refuses a token %s, and ends nothing', async (_what, change) => {
    expect(await tell(change)).toBe(400);
  });

  it('refuses what somebody else has signed, access tokens, and anything that is not one token in a form', async () => {
    const good = await logoutToken({ sid: 'forged' });
    const [head = '', payload = ''] = good.split('.');
    const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const forged = `${head}.${payload}.${sign('sha256', Buffer.from(`${head}.${payload}`), key).toString('base64url')}`;
    for (const token of [forged, `${head}.${payload}.AAAA`, await house.tokenOf('jane'), 'x', '']) {
      expect((await send(new URLSearchParams({ logout_token: token }))).status, token.slice(0, 20)).toBe(400);
    }
    const json = { 'content-type': 'application/json' };
    expect((await send(JSON.stringify({ logout_token: good }), json)).status).toBe(400);
    expect((await send(`logout_token=${good}&logout_token=${good}`, form)).status).toBe(400);
    expect((await send('', form)).status).toBe(400);
    expect((await fetch(`${house.url}/backchannel-logout?logout_token=${good}`, { method: 'POST' })).status).toBe(400);
    expect((await fetch(`${house.url}/backchannel-logout?logout_token=${good}`)).status).toBe(405);
    expect(house.log()).not.toContain(good);
    expect((await send(new URLSearchParams({ logout_token: good }))).status).toBe(200);
  });
});

const form = { 'content-type': 'application/x-www-form-urlencoded' };
