import { execFile } from 'node:child_process';
import { createPublicKey, type webcrypto } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { seedRealm } from '@keyturn/conformance/edge/realm';
import { openEnvoy } from '@keyturn/conformance/parts/envoy';
import { openNginx } from '@keyturn/conformance/parts/nginx';
import { freePorts } from '@keyturn/conformance/parts/ports';
import { startProcess, waitFor } from '@keyturn/conformance/parts/process';
import { startTestIdp } from '@keyturn/idp/testing';

const root = join(import.meta.dirname, '..', '..');

/** One way through a proxy to the upstream: whose CPU counts as the proxy's, and whose as the authorizer's. */
export interface Contender {
  readonly name: string;
  readonly url: URL;
  readonly proxy: number;
  readonly authorizer: number | undefined;
}

export interface Stage {
  readonly contenders: readonly Contender[];
  readonly tokens: readonly string[];
  readonly close: () => Promise<void>;
}

/** Starts each authorizer behind an Envoy of its own, with the configuration in deploy/envoy, and makes tokens. */
export async function openStage(): Promise<Stage> {
  const opened: (() => Promise<unknown>)[] = [];
  // Each process that must not outlive this one listens for its end.
  process.setMaxListeners(30);
  const close = async (): Promise<void> => {
    for (const end of opened.reverse()) await end();
  };
  try {
    const ports = await freePorts(
      'keyturn',
      'management',
      'grpc',
      'upstream',
      'goHttp',
      'goGrpc',
      'goJwt',
      'grpcJs',
      'nodeHttp',
      'nodeNet',
      'nginx',
    );
    const publicUrl = `http://127.0.0.1:${ports.keyturn}`;
    const idp = await startTestIdp({ volundr: seedRealm('volundr', [publicUrl]) });
    opened.push(() => idp.close());
    const issuer = idp.issuer('volundr');

    const folder = await mkdtemp(join(tmpdir(), 'keyturn-bench-edge-'));
    opened.push(() => rm(folder, { recursive: true, force: true }));
    const keyturn = startProcess(process.execPath, [join(root, 'packages/cli/src/main.ts'), 'serve'], {
      cwd: folder,
      env: {
        KEYCLOAK_ISSUER: issuer,
        KEYTURN_AUTH__AUDIENCES: 'volundr-api',
        KEYTURN_HTTP__PORT: String(ports.keyturn),
        KEYTURN_MANAGEMENT__PORT: String(ports.management),
        KEYTURN_STORE__URL: `sqlite:${join(folder, 'keyturn.db')}`,
        KEYTURN_PAT__KIND: 'jwt',
        PAT__TOKEN_ISSUER_KWARGS__CLIENT_ID: 'volundr-pat-issuer',
        PAT__TOKEN_ISSUER_KWARGS__CLIENT_SECRET: 'volundr-pat-issuer-secret',
        KEYTURN_EDGE__GRPC_PORT: String(ports.grpc),
        LOG_LEVEL: 'error',
      },
    });
    opened.push(() => keyturn.stop('SIGTERM'));
    await waitFor(`http://127.0.0.1:${ports.management}/health/ready`, keyturn, { seconds: 60 });

    const go = startProcess(
      await buildYardstick(),
      [...[ports.goHttp, ports.goGrpc, ports.goJwt].map(String), await keyOf(issuer), issuer],
      {
        env: { GOMAXPROCS: '1' },
      },
    );
    opened.push(() => go.stop('SIGKILL'));
    const grpcJs = startProcess(process.execPath, [
      fileURLToPath(import.meta.resolve('./grpc-js.ts')),
      String(ports.grpcJs),
    ]);
    opened.push(() => grpcJs.stop('SIGKILL'));
    const nodeHttp = startProcess(process.execPath, [
      fileURLToPath(import.meta.resolve('./node-http.ts')),
      String(ports.nodeHttp),
    ]);
    opened.push(() => nodeHttp.stop('SIGKILL'));
    const nodeNet = startProcess(process.execPath, [
      fileURLToPath(import.meta.resolve('./node-net.ts')),
      String(ports.nodeNet),
    ]);
    opened.push(() => nodeNet.stop('SIGKILL'));
    for (const port of [ports.goHttp, ports.goGrpc, ports.goJwt, ports.grpcJs, ports.nodeHttp, ports.nodeNet]) {
      await waitForPort(port);
    }

    const upstream = createServer((_request, response) => response.end('{"ok":true}'));
    await new Promise<void>((resolve) => upstream.listen(ports.upstream, '127.0.0.1', resolve));
    opened.push(() => new Promise((resolve) => upstream.close(resolve).closeAllConnections()));

    const chain = async (file: string, port: number | undefined, pid: number | undefined, name: string) => {
      const { url, pid: proxy } = await openChain(file, port, issuer, ports.upstream, opened);
      return { name, url, proxy, authorizer: pid };
    };
    const pids = {
      keyturn: keyturn.child.pid,
      go: go.child.pid,
      grpcJs: grpcJs.child.pid,
      nodeHttp: nodeHttp.child.pid,
      nodeNet: nodeNet.child.pid,
    };
    const contenders: Contender[] = [
      await chain('jwt.yaml', undefined, undefined, 'Envoy, jwt_authn alone'),
      await chain('reference-over-http.yaml', ports.keyturn, pids.keyturn, 'Envoy → Keyturn, HTTP'),
      await chain('jwt.yaml', ports.grpc, pids.keyturn, 'Envoy → Keyturn, gRPC'),
      await chain('reference-over-http.yaml', ports.goHttp, pids.go, 'Envoy → trivial Go, HTTP'),
      await chain('reference-over-http.yaml', ports.goJwt, pids.go, 'Envoy → golang-jwt, HTTP'),
      await chain('reference-over-http.yaml', ports.nodeHttp, pids.nodeHttp, 'Envoy → trivial node:http'),
      await chain('reference-over-http.yaml', ports.nodeNet, pids.nodeNet, 'Envoy → node:net, a fixed answer'),
      await chain('jwt.yaml', ports.goGrpc, pids.go, 'Envoy → trivial Go, gRPC'),
      await chain('jwt.yaml', ports.grpcJs, pids.grpcJs, 'Envoy → trivial grpc-js'),
    ];
    const config = await readFile(join(root, 'deploy/nginx/keyturn.conf'), 'utf8');
    const nginx = await openNginx({
      http: config
        .replace('keyturn:8040', `127.0.0.1:${ports.keyturn}`)
        .replace('upstream:8000', `127.0.0.1:${ports.upstream}`)
        .replace('listen 10080', `listen 127.0.0.1:${ports.nginx}`),
      url: `http://127.0.0.1:${ports.nginx}/x`,
      status: 401,
    });
    opened.push(nginx.stop);
    contenders.push({
      name: 'nginx auth_request → Keyturn',
      url: new URL(`http://127.0.0.1:${ports.nginx}/api/things`),
      proxy: nginx.pid,
      authorizer: pids.keyturn,
    });
    return { contenders, tokens: await makeTokens(idp, publicUrl), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** 32 personal access tokens, so that no cache of one helps. */
async function makeTokens(
  idp: { token(realm: string, form: Readonly<Record<string, string>>): Promise<string> },
  url: string,
): Promise<readonly string[]> {
  const login = await idp.token('volundr', {
    grant_type: 'password',
    client_id: 'web',
    username: 'john',
    password: 'john',
  });
  const tokens: string[] = [];
  for (let i = 0; i < 32; i++) {
    const made = await fetch(`${url}/api/v1/users/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${login}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: `bench ${i}`, kind: 'jwt' }),
    });
    const body = (await made.json()) as { token?: string };
    if (body.token === undefined) throw new Error(`no token: ${made.status} ${JSON.stringify(body)}`);
    tokens.push(body.token);
  }
  return tokens;
}

/** One of the shipped configurations; without an authorizer's port, without its filter. */
async function openChain(
  file: string,
  port: number | undefined,
  issuer: string,
  upstream: number,
  opened: (() => Promise<unknown>)[],
): Promise<{ readonly url: URL; readonly pid: number }> {
  const ports = await freePorts('edge', 'admin');
  const at = (number: string | number): string => `address: 127.0.0.1, port_value: ${number}`;
  let config = (await readFile(join(root, 'deploy/envoy', file), 'utf8'))
    .replaceAll('https://keycloak.example.com/realms/volundr', issuer)
    .replaceAll('http://keycloak:8080/realms/volundr', issuer)
    .replace('address: keycloak, port_value: 8080', at(new URL(issuer).port))
    .replace(/address: keyturn, port_value: \d+/, at(port ?? 1))
    .replace('address: upstream, port_value: 8000', at(upstream))
    .replace('address: 0.0.0.0, port_value: 10000', at(ports.edge))
    .replace('address: 127.0.0.1, port_value: 9901', at(ports.admin));
  if (port === undefined) {
    config = config.replace(
      / +- name: envoy\.filters\.http\.ext_authz\n[^]*?(?= +- name: envoy\.filters\.http\.router)/,
      '',
    );
  }
  const envoy = await openEnvoy({ config, adminPort: ports.admin });
  opened.push(envoy.stop);
  return { url: new URL(`http://127.0.0.1:${ports.edge}/api/things`), pid: envoy.process.child.pid ?? 0 };
}

/** The key that the issuer signs with, as PEM. */
async function keyOf(issuer: string): Promise<string> {
  const answer = await fetch(`${issuer}/protocol/openid-connect/certs`);
  const { keys } = (await answer.json()) as {
    readonly keys: readonly (webcrypto.JsonWebKey & { readonly alg?: string })[];
  };
  const key = keys.find(({ alg }) => alg === 'RS256');
  if (key === undefined) throw new Error(`${issuer} has no RS256 key`);
  return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
}

async function buildYardstick(): Promise<string> {
  const program = join(root, '.cache', 'bench-edge-yardstick-2');
  if (!existsSync(program)) {
    const cwd = join(import.meta.dirname, 'yardsticks');
    await promisify(execFile)('go', ['build', '-o', program, '.'], { cwd, timeout: 600_000 });
  }
  return program;
}

async function waitForPort(port: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on ${port}`);
}
