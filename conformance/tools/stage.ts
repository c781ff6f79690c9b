import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestIdp } from '@keyturn/idp/testing';
import { adminToken } from '../parts/admin-token.ts';
import { freePorts } from '../parts/ports.ts';
import { openFixture } from './fixture.ts';
import { openMcpFixture } from './mcp-fixture.ts';
import { openProxy } from './proxy.ts';
import { realmName, toolsRealm } from './realm.ts';
import { serveKeyturn } from './serve.ts';

/** One Keyturn, in a process of its own, and the proxy that adds what the official suite does not send. */
export interface Served {
  readonly name: string;
  readonly keyturn: string;
  readonly proxied: string;
}

export interface Stage {
  readonly issuer: string;
  /** With the lean path, and without: the SDK answers all. */
  readonly served: readonly [Served, Served];
  /** The API that the official suite calls; its document is at /openapi.json. */
  readonly fixtureUrl: string;
  /** The Authorization header of each request that came to an upstream. */
  readonly shown: () => readonly string[];
  /** Registered, and free when the stage was opened: another program may have taken one since. */
  readonly callbackPorts: readonly number[];
  readonly tokenOf: (username: string) => Promise<string>;
  readonly register: (keyturn: string, body: object) => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openStage(keycloakUrl: string | undefined, say: (text: string) => void): Promise<Stage> {
  const opened: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of opened.reverse()) await end();
  };
  try {
    const ports = await freePorts('lean', 'sdk', 'm1', 'm2', 'back1', 'back2', 'back3');
    const urls = [ports.lean, ports.sdk].map((port) => `http://localhost:${port}`);
    const callbackPorts = [ports.back1, ports.back2, ports.back3];
    const realm = toolsRealm(
      urls.map((url) => `${url}/mcp`),
      callbackPorts.map((port) => `http://127.0.0.1:${port}/callback`),
    );
    let idpUrl = keycloakUrl;
    if (idpUrl === undefined) {
      const idp = await startTestIdp({ [realmName]: realm });
      opened.push(() => idp.close());
      idpUrl = idp.url;
    } else {
      const keycloak = idpUrl;
      await removeRealm(keycloak);
      const headers = { authorization: `Bearer ${await adminToken(keycloak)}`, 'content-type': 'application/json' };
      const made = await fetch(`${keycloak}/admin/realms`, { method: 'POST', headers, body: JSON.stringify(realm) });
      if (made.status !== 201) throw new Error(`the realm was not imported: ${made.status} ${await made.text()}`);
      opened.push(() => removeRealm(keycloak));
    }
    const issuer = `${idpUrl}/realms/${realmName}`;
    const fixture = await openFixture();
    opened.push(fixture.close);
    const mcpFixture = await openMcpFixture();
    opened.push(mcpFixture.close);
    const folder = await mkdtemp(join(tmpdir(), 'keyturn-tools-'));
    opened.push(() => rm(folder, { recursive: true, force: true }));

    const tokenOf: Stage['tokenOf'] = async (username) => {
      const form = { grant_type: 'password', client_id: 'agent', username, password: username };
      const answer = await fetch(`${issuer}/protocol/openid-connect/token`, {
        method: 'POST',
        body: new URLSearchParams(form),
      });
      const body = (await answer.json()) as { access_token?: string };
      if (body.access_token === undefined) throw new Error(`${username}: ${answer.status} ${JSON.stringify(body)}`);
      return body.access_token;
    };
    const register: Stage['register'] = async (keyturn, body) => {
      const answer = await fetch(`${keyturn}/api/v1/sources`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await tokenOf('admin')}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (answer.status !== 201) throw new Error(`registering answered ${answer.status}: ${await answer.text()}`);
    };
    const serve = async (name: string, port: number, management: number, lean: boolean): Promise<Served> => {
      const keyturn = `http://localhost:${port}`;
      const running = await serveKeyturn({
        issuer,
        port,
        management,
        folder,
        store: `sqlite:${join(folder, `${name}.db`)}`,
        settings: { KEYTURN_MCP__LEAN: String(lean), KEYTURN_TOOLS__TIMEOUT: lean ? '3' : '90' },
      });
      opened.push(() => running.stop('SIGKILL'));
      await register(keyturn, { name: 'fixture', url: `${fixture.url}/openapi.json`, default_audience: 'fixture' });
      await register(keyturn, {
        name: 'MCP fixture',
        slug: 'mcp-fixture',
        source_type: 'mcp',
        url: mcpFixture.url,
        default_audience: 'fixture',
      });
      let fresh: { readonly token: string; readonly until: number } | undefined;
      const proxy = await openProxy({
        target: keyturn,
        tools: new Map([
          ...fixture.names.map((name) => [name, 'fixture'] as const),
          ...mcpFixture.names.map((name) => [name, 'mcp-fixture'] as const),
        ]),
        bodies: new Set(fixture.bodies),
        token: async () => {
          if (fresh === undefined || Date.now() > fresh.until) {
            fresh = { token: await tokenOf('john'), until: Date.now() + 30_000 };
          }
          return fresh.token;
        },
      });
      opened.push(proxy.close);
      return { name, keyturn, proxied: `${proxy.url}/mcp` };
    };
    say('starting Keyturn twice: with the lean path, and with the SDK alone');
    const served = [
      await serve('lean', ports.lean, ports.m1, true),
      await serve('sdk', ports.sdk, ports.m2, false),
    ] as const;
    const shown = (): readonly string[] => [...fixture.tokens(), ...mcpFixture.tokens()];
    return {
      issuer,
      served: [served[0], served[1]],
      shown,
      fixtureUrl: fixture.url,
      callbackPorts,
      tokenOf,
      register,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function removeRealm(url: string): Promise<void> {
  const headers = { authorization: `Bearer ${await adminToken(url)}` };
  await fetch(`${url}/admin/realms/${realmName}`, { method: 'DELETE', headers });
}
