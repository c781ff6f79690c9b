import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openPizzeria } from '@keyturn/example-pizzeria';
import { startTestIdp, type TestRealm } from '@keyturn/idp/testing';
import { createTestClock, mergeSections, openService, readReply, type Reply, type Sections } from './open-service.ts';

/** The whole house in one process, for tests: embedded identity provider, pizzeria, Keyturn, on free ports. */
export interface House extends AsyncDisposable {
  readonly url: string;
  readonly managementUrl: string;
  readonly pizzeria: string;
  readonly issuer: string;
  /** Everything that was logged, as lines of JSON. */
  readonly log: () => string;
  /** Moves everybody's clock. */
  readonly advance: (seconds: number) => void;
  /** A token of a user by password, from the client `agent` unless another is named. */
  readonly tokenOf: (username: string, clientId?: string) => Promise<string>;
  /** The own token of a client whose secret is its id, less `aip-`, and `-secret`. */
  readonly tokenOfClient: (clientId: string) => Promise<string>;
  readonly get: (path: string, token?: string) => Promise<Reply>;
  readonly post: (path: string, token: string | undefined, body: unknown) => Promise<Reply>;
  readonly send: (path: string, init: RequestInit & { token?: string }) => Promise<Reply>;
  /** Registers the pizzeria as the administrator and gives its id. */
  readonly registerPizzeria: (more?: object) => Promise<string>;
  /** Every row of the audit, as it lies in the database. */
  readonly audit: () => Promise<readonly object[]>;
  /** Does something to the database behind the service's back. */
  readonly tamper: (sql: string) => void;
  readonly closeIdp: () => Promise<void>;
}

export interface HouseOptions {
  /** Settings by section, merged over the test's own. */
  readonly settings?: Sections;
}

const realm: TestRealm = {
  roles: ['keyturn-admin', 'pizzeria-chef', 'auditor'],
  clients: {
    agent: { passwordGrant: true, audiences: ['keyturn', 'http://keyturn.test/mcp'] },
    elsewhere: { passwordGrant: true },
    'aip-agent-1': {
      secret: 'agent-1-secret',
      serviceAccount: true,
      audiences: ['keyturn', 'http://keyturn.test/mcp'],
    },
    'aip-reviewer-1': { secret: 'reviewer-1-secret', serviceAccount: true, audiences: ['keyturn'] },
    'aip-deaf-1': { secret: 'deaf-1-secret', serviceAccount: true },
    keyturn: {
      secret: 'exchange-secret',
      serviceAccount: true,
      exchange: true,
      fullScope: false,
      audiences: ['pizzeria-backend'],
    },
    'pizzeria-backend': { secret: 'unused' },
  },
  // Full scope is off at the exchanging client, so an upstream sees the roles that are named here and no others.
  settings: { scopeMappings: [{ client: 'keyturn', roles: ['pizzeria-chef'] }] },
  users: {
    john: {},
    jane: {},
    admin: { roles: ['keyturn-admin'] },
    chef: { roles: ['pizzeria-chef'] },
    auditor: { roles: ['auditor'] },
  },
};

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const { clock, advance } = createTestClock();
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-house-'));
  const idp = await startTestIdp({ house: realm }, { clock });
  const issuer = idp.issuer('house');
  const certs = `${issuer}/protocol/openid-connect/certs`;
  const pizzeria = await openPizzeria({ issuer, jwksUrl: certs, audience: 'pizzeria-backend', clock, port: 0 });
  const own = {
    http: { port: 0, publicUrl: 'http://keyturn.test' },
    management: { port: 0 },
    store: { url: `sqlite:${join(folder, 'keyturn.db')}` },
    auth: { issuer, jwksUrl: certs, audiences: ['keyturn'] },
    exchange: { clientId: 'keyturn', clientSecret: 'exchange-secret' },
    tools: { allowedHosts: [new URL(pizzeria.url).host] },
  };
  const service = await openService(mergeSections(own, options.settings), clock);
  const { url, managementUrl } = service;

  const send: House['send'] = async (path, { token, ...init }) => {
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    if (init.body !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json');
    return readReply(await fetch(path.startsWith('http') ? path : `${url}${path}`, { ...init, headers }));
  };
  let idpIsOpen = true;
  const closeIdp = async (): Promise<void> => {
    if (idpIsOpen) await idp.close();
    idpIsOpen = false;
  };
  const withToken = (token: string | undefined) => (token === undefined ? {} : { token });
  const post: House['post'] = (path, token, body) =>
    send(path, { method: 'POST', ...withToken(token), body: typeof body === 'string' ? body : JSON.stringify(body) });
  const tokenOf: House['tokenOf'] = (username, clientId = 'agent') =>
    idp.token('house', { grant_type: 'password', client_id: clientId, username, password: username });
  return {
    url,
    managementUrl,
    pizzeria: pizzeria.url,
    issuer,
    log: service.log,
    advance,
    tokenOf,
    tokenOfClient: (clientId) =>
      idp.token('house', {
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: `${clientId.replace('aip-', '')}-secret`,
      }),
    send,
    post,
    get: (path, token) => send(path, withToken(token)),
    async registerPizzeria(more = {}) {
      const reply = await post('/api/v1/sources', await tokenOf('admin'), {
        name: 'Pizzeria',
        url: `${pizzeria.url}/openapi.json`,
        default_audience: 'pizzeria-backend',
        ...more,
      });
      if (reply.status !== 201) throw new Error(`registration answered ${reply.status}: ${reply.text}`);
      return String(reply.body['id']);
    },
    async audit() {
      const database = new DatabaseSync(join(folder, 'keyturn.db'), { readOnly: true });
      const rows = database.prepare('select * from audit_events').all();
      database.close();
      return rows;
    },
    tamper(sql) {
      const database = new DatabaseSync(join(folder, 'keyturn.db'));
      database.exec(sql);
      database.close();
    },
    closeIdp,
    async [Symbol.asyncDispose]() {
      await service.close();
      await pizzeria.close();
      await closeIdp();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
