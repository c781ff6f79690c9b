import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestIdp } from '@keyturn/idp/testing';
import { adminToken } from '../parts/admin-token.ts';
import { NoCaddy, openCaddy } from '../parts/caddy.ts';
import { openEnvoy } from '../parts/envoy.ts';
import { openNginx } from '../parts/nginx.ts';
import { freePorts } from '../parts/ports.ts';
import { openPostgres } from '../parts/postgres.ts';
import { type RunningProcess, startProcess, waitFor } from '../parts/process.ts';
import { type Cable, openCable } from './cable.ts';
import { seedRealm } from './realm.ts';

const root = join(import.meta.dirname, '..', '..');

/** Names of their own, since the suites may share a Keycloak. */
export const realms = { own: 'keyturn-edge', other: 'keyturn-edge-other' };

/** One replica of Keyturn, in a process of its own. */
export interface Replica {
  readonly url: string;
  readonly running: RunningProcess;
}

/** An entrance through which a request reaches the upstream, if it does. */
export interface Entrance {
  readonly name: string;
  readonly url: string;
  /** Kinds of personal access tokens that this chain takes. */
  readonly kinds: readonly ('jwt' | 'reference')[];
  /** What the proxy answers when Keyturn does not: each has its own. */
  readonly closed: number;
}

export interface Stage {
  readonly issuer: string;
  readonly otherIssuer: string;
  readonly idpUrl: string;
  readonly replicas: readonly Replica[];
  readonly entrances: readonly Entrance[];
  /** An administrator's of the identity provider, and where its admin API has the realm. */
  readonly adminToken: () => Promise<string>;
  readonly adminUrl: string;
  /** The third replica's connection to the database. */
  readonly cable: Cable;
  readonly close: () => Promise<void>;
}

/** The rules that the replicas judge by. */
const routes = [
  { path: '/open', public: true },
  { path: '/admin/**', roles: ['keyturn-admin'] },
  { path: '/kitchen/**', roles: ['chef'] },
  { path: '/mcp', mcpMethods: ['tools/*'], mcpTools: ['menu__*'] },
];

/**
 * Everything real: three replicas of Keyturn on one PostgreSQL, an Envoy for each chain in deploy/envoy and nginx, all with
 * the configuration files as they are shipped (only names and ports replaced), before an upstream that says what it got.
 */
export async function openStage(keycloakUrl: string | undefined, say: (text: string) => void): Promise<Stage> {
  const opened: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of opened.reverse()) await end();
  };
  try {
    const ports = await freePorts(
      'one',
      'two',
      'three',
      'm1',
      'm2',
      'm3',
      'g1',
      'g2',
      'g3',
      'upstream',
      'nginx',
      'caddy',
    );
    const urls = [ports.one, ports.two, ports.three].map((port) => `http://127.0.0.1:${port}`);
    const idpUrl = keycloakUrl ?? (await openEmbedded(urls, opened));
    if (keycloakUrl !== undefined) {
      await importIntoKeycloak(keycloakUrl, urls);
      opened.push(() => removeFromKeycloak(keycloakUrl));
    }
    const issuer = `${idpUrl}/realms/${realms.own}`;

    say('starting PostgreSQL and three replicas');
    const postgres = await openPostgres();
    opened.push(() => postgres.stop());
    const cable = await openCable(new URL(postgres.url));
    opened.push(() => cable.close());
    const sealKey = randomBytes(32).toString('base64');
    const folder = await mkdtemp(join(tmpdir(), 'keyturn-edge-'));
    opened.push(() => rm(folder, { recursive: true, force: true }));
    const start = async (
      i: number,
      database: string,
      port: number,
      management: number,
      grpc: number,
    ): Promise<Replica> => {
      const running = startProcess(process.execPath, [join(root, 'packages/cli/src/main.ts'), 'serve'], {
        cwd: folder,
        env: environment({ issuer, database, port, management, grpc, publicUrl: urls[i] ?? '', sealKey }),
      });
      opened.push(() => running.stop('SIGKILL'));
      await waitFor(`http://127.0.0.1:${management}/health/ready`, running, { seconds: 60 });
      return { url: `http://127.0.0.1:${port}`, running };
    };
    const replicas = [
      await start(0, postgres.url, ports.one, ports.m1, ports.g1),
      await start(1, postgres.url, ports.two, ports.m2, ports.g2),
      await start(2, cable.url, ports.three, ports.m3, ports.g3),
    ];

    const upstream = createServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers }));
    });
    await new Promise<void>((resolve) => upstream.listen(ports.upstream, '127.0.0.1', resolve));
    opened.push(() => new Promise((resolve) => upstream.close(resolve).closeAllConnections()));

    say('starting three Envoys and nginx');
    const addresses = { upstream: ports.upstream, issuer };
    const jwt = await openChain('jwt.yaml', ports.g1, addresses, opened);
    const reference = await openChain('reference.yaml', ports.g2, addresses, opened);
    const overHttp = await openChain('reference-over-http.yaml', ports.three, addresses, opened);
    const nginx = await readFile(join(root, 'deploy/nginx/keyturn.conf'), 'utf8');
    const running = await openNginx({
      http: nginx
        .replace('keyturn:8040', `127.0.0.1:${ports.two}`)
        .replace('upstream:8000', `127.0.0.1:${ports.upstream}`)
        .replace('listen 10080', `listen 127.0.0.1:${ports.nginx}`),
      url: `http://127.0.0.1:${ports.nginx}/anything`,
      status: 401,
    });
    opened.push(running.stop);
    const caddy = await openCaddyChain(ports.caddy, { keyturn: ports.one, upstream: ports.upstream }, opened, say);
    return {
      issuer,
      otherIssuer: `${idpUrl}/realms/${realms.other}`,
      idpUrl,
      adminToken: () => adminToken(idpUrl),
      adminUrl: `${idpUrl}/admin/realms/${realms.own}`,
      replicas,
      entrances: [
        { name: 'Envoy jwt_authn → gRPC', url: jwt, kinds: ['jwt'], closed: 503 },
        { name: 'Envoy gRPC → jwt_authn', url: reference, kinds: ['jwt', 'reference'], closed: 503 },
        { name: 'Envoy HTTP → jwt_authn', url: overHttp, kinds: ['jwt', 'reference'], closed: 503 },
        { name: 'nginx', url: `http://127.0.0.1:${ports.nginx}`, kinds: ['jwt', 'reference'], closed: 500 },
        ...caddy,
      ],
      cable,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The shipped Caddyfile behind a real Caddy. Where there is none: said, and left out; in CI a failure. */
async function openCaddyChain(
  port: number,
  to: { readonly keyturn: number; readonly upstream: number },
  opened: (() => Promise<unknown>)[],
  say: (text: string) => void,
): Promise<readonly Entrance[]> {
  const shipped = await readFile(join(root, 'deploy/caddy/Caddyfile'), 'utf8');
  const caddyfile = shipped
    .replace('api.example.com {', `http://api.example.com:${port} {\n\tbind 127.0.0.1`)
    .replace('keyturn:8040', `127.0.0.1:${to.keyturn}`)
    .replace('upstream:8000', `127.0.0.1:${to.upstream}`);
  const url = `http://127.0.0.1:${port}`;
  try {
    // Of a host that it does not serve Caddy says 200 and nothing: it is there.
    const caddy = await openCaddy({ caddyfile, url: `${url}/anything`, status: 200 });
    opened.push(caddy.stop);
  } catch (error) {
    if (!(error instanceof NoCaddy) || process.env['CI'] !== undefined) throw error;
    say(`without Caddy: ${error.message}`);
    return [];
  }
  return [{ name: 'Caddy', url, kinds: ['jwt', 'reference'], closed: 502 }];
}

/** One of the shipped configurations, with our names and ports. */
async function openChain(
  file: string,
  keyturnPort: number,
  { upstream, issuer }: { readonly upstream: number; readonly issuer: string },
  opened: (() => Promise<unknown>)[],
): Promise<string> {
  const ports = await freePorts('edge', 'admin');
  const idp = new URL(issuer);
  const shipped = await readFile(join(root, 'deploy/envoy', file), 'utf8');
  const at = (port: string | number): string => `address: 127.0.0.1, port_value: ${port}`;
  const config = shipped
    .replaceAll('https://keycloak.example.com/realms/volundr', issuer)
    .replaceAll('http://keycloak:8080/realms/volundr', issuer)
    .replace('address: keycloak, port_value: 8080', at(idp.port))
    .replace(/address: keyturn, port_value: \d+/, at(keyturnPort))
    .replace('address: upstream, port_value: 8000', at(upstream))
    .replace('address: 0.0.0.0, port_value: 10000', at(ports.edge))
    .replace('address: 127.0.0.1, port_value: 9901', at(ports.admin));
  const envoy = await openEnvoy({ config, adminPort: ports.admin });
  opened.push(envoy.stop);
  return `http://127.0.0.1:${ports.edge}`;
}

function environment(facts: {
  readonly issuer: string;
  readonly database: string;
  readonly port: number;
  readonly management: number;
  readonly grpc: number;
  readonly publicUrl: string;
  readonly sealKey: string;
}): Record<string, string> {
  return {
    // The suites' own name for a Keycloak to run against is a setting of Keyturn too.
    KEYCLOAK_URL: '',
    KEYCLOAK_ISSUER: facts.issuer,
    KEYTURN_AUTH__AUDIENCES: 'volundr-api',
    // Of a token that lives one second, the suite waits for the end.
    KEYTURN_AUTH__CLOCK_TOLERANCE: '0',
    KEYTURN_HTTP__PORT: String(facts.port),
    KEYTURN_HTTP__PUBLIC_URL: facts.publicUrl,
    KEYTURN_MANAGEMENT__PORT: String(facts.management),
    KEYTURN_STORE__URL: facts.database,
    // As the seed's Helm chart sets them.
    PAT__TOKEN_ISSUER_KWARGS__TOKEN_URL: `${facts.issuer}/protocol/openid-connect/token`,
    PAT__TOKEN_ISSUER_KWARGS__CLIENT_ID: 'volundr-pat-issuer',
    PAT__TOKEN_ISSUER_KWARGS__CLIENT_SECRET: 'volundr-pat-issuer-secret',
    KEYTURN_PAT__READER_CLIENT_ID: 'keyturn-reader',
    KEYTURN_PAT__READER_CLIENT_SECRET: 'keyturn-reader-secret',
    KEYTURN_PAT__SEAL_KEY: facts.sealKey,
    KEYTURN_PAT__OWNER_INTERVAL: '5',
    KEYTURN_LOGIN__CLIENT_ID: 'keyturn-login',
    KEYTURN_LOGIN__CLIENT_SECRET: 'keyturn-login-secret',
    KEYTURN_LOGIN__CLI_CLIENT_ID: 'keyturn-cli',
    TOKEN_EXCHANGE_CLIENT_ID: 'keyturn-exchange',
    TOKEN_EXCHANGE_CLIENT_SECRET: 'keyturn-exchange-secret',
    KEYTURN_EDGE__GRPC_PORT: String(facts.grpc),
    KEYTURN_EDGE__ROUTES: JSON.stringify(routes),
    LOG_LEVEL: 'warn',
  };
}

async function openEmbedded(urls: readonly string[], opened: (() => Promise<unknown>)[]): Promise<string> {
  const idp = await startTestIdp({
    [realms.own]: seedRealm(realms.own, urls),
    [realms.other]: seedRealm(realms.other, urls),
  });
  opened.push(() => idp.close());
  return idp.url;
}

async function removeFromKeycloak(url: string): Promise<void> {
  const headers = { authorization: `Bearer ${await adminToken(url)}` };
  for (const name of [realms.own, realms.other]) {
    await fetch(`${url}/admin/realms/${name}`, { method: 'DELETE', headers });
  }
}

async function importIntoKeycloak(url: string, urls: readonly string[]): Promise<void> {
  await removeFromKeycloak(url);
  const admin = await adminToken(url);
  for (const name of [realms.own, realms.other]) {
    const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' };
    const body = JSON.stringify(seedRealm(name, urls));
    const made = await fetch(`${url}/admin/realms`, { method: 'POST', headers, body });
    if (made.status !== 201) throw new Error(`realm ${name}: ${made.status} ${await made.text()}`);
  }
}
