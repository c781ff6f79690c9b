import { startTestIdp, type TestIdp, type TestRealm } from '@keyturn/idp/testing';
import {
  createTestClock,
  mergeSections,
  openService,
  readReply,
  type Reply,
  type Sections,
} from '../house/open-service.ts';
import { openTestBrowser, type Shown, type TestBrowser } from './test-browser.ts';

/**
 * An identity provider and Keyturn with login, in one process. Browsers know them by public names over https; Keyturn
 * reaches the identity provider by another, internal one, and nobody could reach the public ones from here.
 */
export interface LoginHouse extends AsyncDisposable {
  readonly idp: TestIdp;
  readonly issuer: string;
  /** Where Keyturn listens. */
  readonly url: string;
  readonly managementUrl: string;
  readonly publicUrl: string;
  readonly log: () => string;
  /** Moves everybody's clock. */
  readonly advance: (seconds: number) => void;
  readonly now: () => number;
  readonly browser: () => TestBrowser;
  /** Logs in and gives the browser with the page at the end. */
  readonly logIn: (
    username: string,
    more?: { browser?: TestBrowser; at?: string },
  ) => Promise<{ browser: TestBrowser; page: Shown }>;
  /** A request of a page's own script, with the session cookie and the right token. */
  readonly fetchIn: (browser: TestBrowser, method: string, path: string, body?: unknown) => Promise<Reply>;
  readonly tokenOf: (username: string) => Promise<string>;
  readonly ask: (
    method: string,
    path: string,
    init?: { token?: string; headers?: Record<string, string>; body?: string },
  ) => Promise<Reply>;
  readonly administer: (method: string, path: string, body?: unknown) => Promise<unknown>;
  readonly userId: (username: string) => Promise<string>;
  readonly metrics: () => Promise<string>;
}

export const publicUrl = 'https://keyturn.test';
export const idpPublicUrl = 'https://id.test';

const groupMapper = {
  name: 'groups',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-group-membership-mapper',
  config: {
    'claim.name': 'groups',
    'full.path': 'true',
    'access.token.claim': 'true',
    'id.token.claim': 'true',
    'userinfo.token.claim': 'true',
  },
};

const realm: TestRealm = {
  roles: ['keyturn-admin', 'chef'],
  groups: ['editors', 'django-admins', 'staff'],
  clients: {
    web: { passwordGrant: true, audiences: ['keyturn'], mappers: [groupMapper] },
    'keyturn-login': {
      secret: 'login-secret',
      redirectUris: [`${publicUrl}/login/callback`],
      audiences: ['keyturn'],
      mappers: [groupMapper],
      attributes: { 'post.logout.redirect.uris': `${publicUrl}/` },
    },
    elsewhere: { secret: 'elsewhere-secret', redirectUris: [`${publicUrl}/login/callback`] },
    reader: { secret: 'reader-secret', serviceAccount: true },
  },
  settings: { eventsEnabled: true },
  users: {
    john: { groups: ['/editors'] },
    jane: {},
    admin: { roles: ['keyturn-admin'] },
    chef: { roles: ['chef'], groups: ['/django-admins', '/staff'] },
  },
};

export interface LoginHouseOptions {
  /** Settings by section, merged over the test's own. */
  readonly settings?: Sections;
  readonly realm?: (realm: TestRealm) => TestRealm;
  /** Another house, to be its second replica: the same identity provider and database. */
  readonly beside?: LoginHouse;
}

export async function openLoginHouse(options: LoginHouseOptions = {}): Promise<LoginHouse> {
  const { clock, advance } = createTestClock();
  const idp =
    options.beside?.idp ??
    (await startTestIdp(
      { people: options.realm?.(realm) ?? realm },
      { clock, hostname: idpPublicUrl, hostnameBackchannelDynamic: true },
    ));
  const issuer = `${idpPublicUrl}/realms/people`;
  const own = {
    http: { port: 0, publicUrl },
    management: { port: 0 },
    store: { url: 'sqlite::memory:' },
    auth: { issuer, backchannelUrl: idp.url, audiences: ['keyturn'] },
    seal: { key: Buffer.alloc(32, 7).toString('base64') },
    login: {
      clientId: 'keyturn-login',
      clientSecret: 'login-secret',
      syncClientId: 'reader',
      syncClientSecret: 'reader-secret',
    },
  };
  const service = await openService(mergeSections(own, options.settings), clock);
  const { url, managementUrl } = service;
  const served = { [publicUrl]: url, [idpPublicUrl]: idp.url };

  const ask: LoginHouse['ask'] = async (method, path, { token, headers = {}, body } = {}) =>
    readReply(
      await fetch(`${url}${path}`, {
        method,
        redirect: 'manual',
        headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
        ...(body === undefined ? {} : { body }),
      }),
    );
  const administer: LoginHouse['administer'] = async (method, path, body) => {
    const answer = await fetch(`${idp.url}/admin/realms/people${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await idp.adminToken()}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  const house: LoginHouse = {
    idp,
    issuer,
    url,
    managementUrl,
    publicUrl,
    log: service.log,
    advance,
    now: clock,
    browser: () => openTestBrowser(served),
    async logIn(username, { browser = openTestBrowser(served), at = '/login' } = {}) {
      const form = await browser.visit(`${publicUrl}${at}`);
      const page = await browser.submit(form, /login-actions\/authenticate/, { username, password: username });
      return { browser, page };
    },
    async fetchIn(browser, method, path, body) {
      const cookie = [...browser.cookies('keyturn.test')].map(([name, value]) => `${name}=${value}`).join('; ');
      const own = { cookie, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' };
      const session = await ask('GET', '/api/v1/session', { headers: own });
      return ask(method, path, {
        headers: {
          ...own,
          origin: publicUrl,
          'x-csrf-token': String(session.body['csrf_token']),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    },
    tokenOf: (username) =>
      idp.token('people', { grant_type: 'password', client_id: 'web', username, password: username }),
    ask,
    administer,
    async userId(username) {
      const [user] = (await administer('GET', `/users?username=${username}&exact=true`)) as { id: string }[];
      if (user === undefined) throw new Error(`no ${username}`);
      return user.id;
    },
    metrics: async () => (await fetch(`${managementUrl}/metrics`)).text(),
    async [Symbol.asyncDispose]() {
      await service.close();
      if (options.beside === undefined) await idp.close();
    },
  };
  if (options.beside === undefined) await allowReader(house);
  return house;
}

/** The client that reads groups gets the roles for it. */
async function allowReader({ administer }: LoginHouse): Promise<void> {
  const idOf = async (clientId: string): Promise<string> => {
    const [client] = (await administer('GET', `/clients?clientId=${clientId}`)) as { id: string }[];
    return client?.id ?? '';
  };
  const management = await idOf('realm-management');
  const account = (await administer('GET', `/clients/${await idOf('reader')}/service-account-user`)) as { id: string };
  const roles = await Promise.all(
    ['view-users'].map((role) => administer('GET', `/clients/${management}/roles/${role}`)),
  );
  await administer('POST', `/users/${account.id}/role-mappings/clients/${management}`, roles);
}
