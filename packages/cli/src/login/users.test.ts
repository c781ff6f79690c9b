import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestRealm } from '@keyturn/idp/testing';
import { verifyWebhook } from '@keyturn/net';
import { epochSeconds } from '@keyturn/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoginHouse, openLoginHouse } from './open-login-house.ts';

const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;

interface Told {
  readonly type: string;
  readonly data: Record<string, unknown>;
}

/** Somebody who receives webhooks; refuses while `broken`. */
async function openReceiver() {
  const told: Told[] = [];
  const state = { broken: false };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const headers = { get: (name: string) => String(request.headers[name] ?? '') };
      const now = epochSeconds(Number(request.headers['webhook-timestamp']));
      if (!verifyWebhook(headers, body, secret, now).ok) throw new Error('a webhook with a wrong signature');
      if (!state.broken) told.push(JSON.parse(body) as Told);
      response.writeHead(state.broken ? 500 : 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    told,
    state,
    url: `http://127.0.0.1:${port}/hook`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** A way to a server on which addresses with this end answer 503 while `broken`. */
async function openBreakableWay(to: string, end: string) {
  const state = { broken: false };
  const server = createServer((from, reply) => {
    if (state.broken && from.url?.endsWith(end) === true) return reply.writeHead(503).end();
    const { method, headers } = from;
    const on = request(`${to}${from.url ?? ''}`, { method, headers }, (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(reply);
    });
    return from.pipe(on);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { state, url: `http://127.0.0.1:${port}`, close: () => new Promise((resolve) => server.close(resolve)) };
}

let house: LoginHouse;
let receiver: Awaited<ReturnType<typeof openReceiver>>;
beforeAll(async () => {
  receiver = await openReceiver();
  house = await openLoginHouse({
    settings: { events: { webhooks: [{ url: receiver.url, secrets: [secret] }], allowedHosts: ['127.0.0.1'] } },
    realm: (realm) => ({
      ...realm,
      users: { ...realm.users, mallory: { email: 'boss@example.com' }, invited: { email: 'invited@example.com' } },
    }),
  });
});
afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await receiver.close();
});

const eventually = async (happened: () => boolean | Promise<boolean>): Promise<void> => {
  for (let i = 0; i < 500 && !(await happened()); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await happened()).toBe(true);
};
const asAdmin = async (method: string, path: string, body?: object) =>
  house.ask(method, path, {
    token: await house.tokenOf('admin'),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
const userOf = async (username: string): Promise<Record<string, unknown> | undefined> => {
  const subject = await house.userId(username);
  const { users } = (await asAdmin('GET', '/api/v1/users')).body as {
    users: (Record<string, unknown> & { identities: { subject: string }[] })[];
  };
  return users.find(({ identities }) => identities.some((one) => one.subject === subject));
};
const told = (type: string, username: string): Told[] =>
  receiver.told.filter(
    (one) => one.type === type && (one.data['username'] === username || one.data['user'] === username),
  );

describe('a user', () => {
  it('is created at the first login, and told of by a signed webhook', async () => {
    await house.logIn('john');
    expect(await userOf('john')).toMatchObject({
      id: expect.stringMatching(/^usr_/),
      username: 'john',
      email: 'john@example.com',
      email_verified: true,
      groups: ['/editors'],
      is_staff: false,
    });
    await eventually(() => told('user_created_from_keycloak', 'john').length === 1);
    expect(told('user_profile_synced', 'john')[0]?.data).toMatchObject({ changed: [], issuer: house.issuer });
  });

  it('is the same one at the next login, with what has changed at the identity provider', async () => {
    const before = await userOf('john');
    const id = await house.userId('john');
    await house.administer('PUT', `/users/${id}`, {
      firstName: 'Johnny',
      email: 'johnny@example.com',
      emailVerified: true,
    });
    await house.logIn('john');
    expect(await userOf('john')).toMatchObject({
      id: before?.['id'],
      given_name: 'Johnny',
      email: 'johnny@example.com',
    });
    await eventually(() => told('user_profile_synced', 'john').length === 2);
    expect(told('user_profile_synced', 'john')[1]?.data['changed']).toEqual(['email', 'name', 'givenName']);
    expect(told('user_created_from_keycloak', 'john')).toHaveLength(1);
  });

  it('is staff and superuser with the administrator’s role', async () => {
    await house.logIn('admin');
    expect(await userOf('admin')).toMatchObject({ is_staff: true, is_superuser: true });
  });

  it('whom an administrator made is linked by the address, if that is verified', async () => {
    const made = await asAdmin('POST', '/api/v1/users', { username: 'invited', email: 'Invited@example.com' });
    expect(made.status).toBe(201);
    const id = await house.userId('invited');
    await house.administer('PUT', `/users/${id}`, { email: 'invited@example.com', emailVerified: true });
    await house.logIn('invited');
    expect((await userOf('invited'))?.['id']).toBe(made.body['id']);
  });

  it('is not made with a name that steers whatever shows it', async () => {
    for (const wrong of [{ username: 'a\nb' }, { username: '\0' }, { username: 'a', name: '\u001b[2J' }]) {
      const reply = await asAdmin('POST', '/api/v1/users', { email: 'steering@example.com', ...wrong });
      expect([reply.status, reply.body['code']], JSON.stringify(wrong)).toEqual([400, 'invalid_request']);
    }
  });

  it('is never taken over by an address that nobody verified', async () => {
    const boss = await asAdmin('POST', '/api/v1/users', { username: 'boss', email: 'boss@example.com' });
    const id = await house.userId('mallory');
    await house.administer('PUT', `/users/${id}`, { email: 'boss@example.com', emailVerified: false });
    await house.logIn('mallory');
    const mallory = await userOf('mallory');
    expect(mallory).toMatchObject({ email: 'boss@example.com', email_verified: false });
    expect(mallory?.['id']).not.toBe(boss.body['id']);
    const shown = await asAdmin('GET', `/api/v1/users/${String(boss.body['id'])}`);
    expect(shown.body).toMatchObject({ identities: [], username: 'boss' });
  });

  it('is shown to administrators alone', async () => {
    const token = await house.tokenOf('john');
    expect((await house.ask('GET', '/api/v1/users', { token })).status).toBe(403);
    expect((await asAdmin('GET', '/api/v1/users/usr_nobody')).status).toBe(404);
    expect((await asAdmin('GET', '/api/v1/users?limit=0')).status).toBe(400);
    const first = await asAdmin('GET', '/api/v1/users?limit=2');
    const { next } = first.body as { next: string };
    const second = await asAdmin('GET', `/api/v1/users?limit=2&after=${next}`);
    const ids = [first, second].flatMap(({ body }) => (body['users'] as { id: string }[]).map(({ id }) => id));
    expect(new Set(ids).size).toBe(4);
    const found = await asAdmin('GET', '/api/v1/users?q=JOHNNY');
    expect((found.body['users'] as { username: string }[]).map(({ username }) => username)).toEqual(['john']);
  });
});

describe('a group', () => {
  it('taken away at the identity provider is noticed without a login', async () => {
    await house.logIn('chef');
    expect((await userOf('chef'))?.['groups']).toEqual(['/django-admins', '/staff']);
    const id = await house.userId('chef');
    const groups = (await house.administer('GET', `/users/${id}/groups`)) as { id: string; path: string }[];
    const staff = groups.find(({ path }) => path === '/staff')?.id ?? '';
    await house.administer('DELETE', `/users/${id}/groups/${staff}`);
    const looked = await asAdmin('POST', '/api/v1/users/sync-groups');
    expect(looked.body).toMatchObject({ changed: 1 });
    expect((await userOf('chef'))?.['groups']).toEqual(['/django-admins']);
    expect((await asAdmin('POST', '/api/v1/users/sync-groups')).body).toMatchObject({ changed: 0 });
    await eventually(() =>
      receiver.told.some(
        ({ type, data }) =>
          type === 'user_groups_synced' &&
          data['source'] === 'admin-api' &&
          data['groups']?.toString() === '/django-admins',
      ),
    );
  });

  it('taken away is noticed at the next refresh of a session', async () => {
    const { browser } = await house.logIn('john');
    const id = await house.userId('john');
    const [group] = (await house.administer('GET', `/users/${id}/groups`)) as { id: string }[];
    await house.administer('DELETE', `/users/${id}/groups/${group?.id ?? ''}`);
    house.advance(301);
    expect((await house.fetchIn(browser, 'GET', '/api/v1/session')).status).toBe(200);
    expect((await userOf('john'))?.['groups']).toEqual([]);
  });
});

describe('a group that only userinfo tells of', () => {
  const told = (realm: TestRealm): TestRealm => {
    const login = realm.clients?.['keyturn-login'];
    const mappers = login?.mappers?.map((mapper) => ({
      ...mapper,
      config: { ...mapper.config, 'access.token.claim': 'false', 'id.token.claim': 'false' },
    }));
    return { ...realm, clients: { ...realm.clients, 'keyturn-login': { ...login, ...(mappers && { mappers }) } } };
  };

  it('stays at a refresh, even one at which userinfo is out of order, and goes when it is taken away', async () => {
    await using there = await openLoginHouse({ realm: told });
    const way = await openBreakableWay(there.idp.url, '/userinfo');
    const settings = { auth: { backchannelUrl: way.url }, login: { groupSyncInterval: 0 } };
    await using here = await openLoginHouse({ beside: there, settings });
    const { browser } = await here.logIn('john');
    const groups = async () => {
      const { body } = await here.ask('GET', '/api/v1/users?q=john', { token: await here.tokenOf('admin') });
      return (body['users'] as { groups: string[] }[])[0]?.groups;
    };
    const groupsAfterRefresh = async () => {
      there.advance(301);
      here.advance(301);
      expect((await here.fetchIn(browser, 'GET', '/api/v1/session')).status).toBe(200);
      return groups();
    };
    expect(await groups()).toEqual(['/editors']);
    expect(await groupsAfterRefresh()).toEqual(['/editors']);
    const id = await here.userId('john');
    const [group] = (await here.administer('GET', `/users/${id}/groups`)) as { id: string }[];
    await here.administer('DELETE', `/users/${id}/groups/${group?.id ?? ''}`);
    way.state.broken = true;
    expect(await groupsAfterRefresh()).toEqual(['/editors']);
    way.state.broken = false;
    expect(await groupsAfterRefresh()).toEqual([]);
    await way.close();
  });
});

describe('somebody with ten thousand groups', () => {
  const names = Array.from({ length: 10_000 }, (_, i) => `/g-${i}`);
  // A claim as a hostile or careless identity provider would write it.
  const crowded =
    (inAccessToken: boolean) =>
    (realm: TestRealm): TestRealm => ({
      ...realm,
      clients: {
        ...realm.clients,
        'keyturn-login': {
          ...realm.clients?.['keyturn-login'],
          mappers: [
            {
              name: 'groups',
              protocol: 'openid-connect',
              protocolMapper: 'oidc-hardcoded-claim-mapper',
              config: {
                'claim.name': 'groups',
                'claim.value': JSON.stringify(names),
                'jsonType.label': 'JSON',
                'access.token.claim': String(inAccessToken),
                'id.token.claim': 'true',
                'userinfo.token.claim': 'true',
              },
            },
          ],
        },
      },
    });

  it('logs in and out like anybody, where the ID token has them', async () => {
    await using crowd = await openLoginHouse({ realm: crowded(false) });
    const { browser, page } = await crowd.logIn('jane');
    expect(page.url).toBe('https://keyturn.test/');
    const listed = await crowd.ask('GET', '/api/v1/users', { token: await crowd.tokenOf('admin') });
    expect((listed.body['users'] as { groups: string[] }[])[0]?.groups).toHaveLength(10_000);
    const out = await browser.submit(page, /^\/logout$/);
    expect(out.html).toContain('You are not logged in');
    expect((await browser.visit('https://keyturn.test/login')).html).toContain('kc-form-login');
  });

  it('is told why not, where the access token has them', async () => {
    await using crowd = await openLoginHouse({ realm: crowded(true) });
    const { page } = await crowd.logIn('jane');
    expect([page.status, page.html]).toEqual([502, expect.stringContaining('access token is too long')]);
  });
});

describe('a receiver of webhooks', () => {
  it('that fails is tried again, and gets the event once it can', async () => {
    receiver.state.broken = true;
    await house.logIn('jane');
    await eventually(() => (house.log().match(/a webhook was not taken/g)?.length ?? 0) === 3);
    receiver.state.broken = false;
    house.advance(30);
    await eventually(() => told('user_created_from_keycloak', 'jane').length === 1);
    expect(told('user_profile_synced', 'jane')).toHaveLength(1);
  }, 15_000);
});
