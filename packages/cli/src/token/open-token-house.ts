import { logInInBrowser, type Page } from '@keyturn/conformance/parts/browser';
import { buildTestRealm, startTestIdp, type TestIdp, type TestRealm } from '@keyturn/idp/testing';
import {
  createTestClock,
  mergeSections,
  openService,
  readReply,
  type Reply,
  type Sections,
} from '../house/open-service.ts';

/** An identity provider and Keyturn with personal access tokens, in one process, for tests. */
export interface TokenHouse extends AsyncDisposable {
  readonly idp: TestIdp;
  readonly issuer: string;
  readonly url: string;
  readonly grpcUrl: string;
  /** Everything that was logged, as lines of JSON. */
  readonly log: () => string;
  /** Moves everybody's clock. */
  readonly advance: (seconds: number) => void;
  /** The second by everybody's clock. */
  readonly now: () => number;
  /** A user's access token by password, from the client `web`. */
  readonly tokenOf: (username: string, more?: Readonly<Record<string, string>>) => Promise<string>;
  readonly ask: (method: string, path: string, token?: string, body?: unknown) => Promise<Reply>;
  /** Logs a user in at the address, as a browser would, and gives the page at the end. */
  readonly logIn: (address: string, username: string) => Promise<Page>;
}

export const year = 31_536_000;

/** The realm of the seed, as the recipe makes it, with a client for the code flow and one that exchanges. */
function realmFor(publicUrl: string): TestRealm {
  return {
    roles: ['keyturn-admin', 'keyturn-resource-server', 'chef'],
    clients: {
      web: { passwordGrant: true, audiences: ['volundr-api', 'pat-issuer', 'keyturn-short', 'keyturn-exchange'] },
      'pat-issuer': {
        secret: 'pat-issuer-secret',
        serviceAccount: true,
        exchange: true,
        fullScope: false,
        accessTokenLifespan: year,
        audiences: ['volundr-api'],
      },
      // Without the lifespan of the recipe.
      'keyturn-short': { secret: 'short', exchange: true, audiences: ['volundr-api'] },
      reader: { secret: 'reader-secret', serviceAccount: true },
      'keyturn-login': {
        secret: 'login-secret',
        redirectUris: [`${publicUrl}/login/callback`],
        audiences: ['volundr-api', 'keyturn-exchange'],
      },
      'keyturn-exchange': {
        secret: 'exchange-secret',
        serviceAccount: true,
        exchange: true,
        fullScope: false,
        audiences: ['pizzeria-backend', 'billing'],
      },
      'keyturn-cli': {
        redirectUris: ['http://127.0.0.1/callback'],
        audiences: ['volundr-api', 'pat-issuer', 'keyturn-exchange'],
        attributes: { 'oauth2.device.authorization.grant.enabled': 'true' },
      },
      'pizzeria-backend': { secret: 'unused' },
      billing: { secret: 'unused-too' },
    },
    settings: {
      ssoSessionMaxLifespan: year,
      scopeMappings: [
        { client: 'keyturn-exchange', roles: ['chef'] },
        { client: 'pat-issuer', roles: ['chef', 'keyturn-admin'] },
      ],
    },
    users: {
      john: { roles: ['chef'] },
      jane: {},
      chef: { roles: ['chef'] },
      admin: { roles: ['keyturn-admin'] },
      service: { roles: ['keyturn-resource-server'] },
    },
  };
}

/** The client that looks at users has the role for it; a test's few words have none for service accounts. */
function withReader(realm: ReturnType<typeof buildTestRealm>): ReturnType<typeof buildTestRealm> {
  const reader = {
    username: 'service-account-reader',
    enabled: true,
    serviceAccountClientId: 'reader',
    clientRoles: { 'realm-management': ['view-users'] },
  };
  return { ...realm, users: [...(realm.users ?? []), reader] };
}

export interface TokenHouseOptions {
  /** Settings by section, merged over the test's own. */
  readonly settings?: Sections;
  /** Another house's identity provider, to be its second replica. */
  readonly beside?: TokenHouse;
}

export async function openTokenHouse(options: TokenHouseOptions = {}): Promise<TokenHouse> {
  const { clock, advance } = createTestClock();
  // The redirect URI must be known before Keyturn has a port.
  const publicUrl = 'https://keyturn.test';
  const idp =
    options.beside?.idp ??
    (await startTestIdp({ volundr: withReader(buildTestRealm('volundr', realmFor(publicUrl))) }, { clock }));
  const issuer = idp.issuer('volundr');
  const certs = `${issuer}/protocol/openid-connect/certs`;
  const own = {
    http: { port: 0, publicUrl },
    management: { port: 0 },
    store: { url: 'sqlite::memory:' },
    auth: { issuer, jwksUrl: certs, audiences: ['volundr-api'] },
    exchange: { clientId: 'keyturn-exchange', clientSecret: 'exchange-secret' },
    login: { clientId: 'keyturn-login', clientSecret: 'login-secret', cliClientId: 'keyturn-cli' },
    pat: {
      sealKey: Buffer.alloc(32, 7).toString('base64'),
      token_issuer_kwargs: { client_id: 'pat-issuer', client_secret: 'pat-issuer-secret' },
      readerClientId: 'reader',
      readerClientSecret: 'reader-secret',
      introspectionClients: { 'pizzeria-backend': 'introspection-secret', billing: 'colons:and&ampersands' },
    },
    edge: { grpcPort: 0 },
  };
  const service = await openService(mergeSections(own, options.settings), clock);
  const { url, grpcUrl = '' } = service;

  const ask: TokenHouse['ask'] = async (method, path, token, body) =>
    readReply(
      await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  return {
    idp,
    issuer,
    url,
    grpcUrl,
    log: service.log,
    now: () => Math.floor(clock() / 1000),
    advance,
    ask,
    tokenOf: (username, more = {}) =>
      idp.token('volundr', { grant_type: 'password', client_id: 'web', username, password: username, ...more }),
    logIn: (address, username) =>
      logInInBrowser(address, { username, password: username }, (to) => to.replace(publicUrl, url)),
    async [Symbol.asyncDispose]() {
      await service.close();
      if (options.beside === undefined) await idp.close();
    },
  };
}
