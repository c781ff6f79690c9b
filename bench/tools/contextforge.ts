import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fetchFromPyPi } from '@keyturn/conformance/parts/fetched';
import { freePorts } from '@keyturn/conformance/parts/ports';
import { startProcess, waitFor } from '@keyturn/conformance/parts/process';
import type { Shot } from '../parts/load.ts';

/** The release that PyPI has for this platform. */
const packages = { 'mcp-contextforge-gateway': '1.0.7.post20260921' };
const administrator = 'admin@example.com';

/**
 * ContextForge with a database of its own and one REST tool, as it comes: its own login, no telemetry, no pages. It starts
 * in a minute or two, most of which is 100 migrations. A call is asked for by JSON-RPC at `/rpc`.
 */
export async function openContextForge(
  opened: (() => Promise<unknown>)[],
  upstream: string,
): Promise<{ readonly pid: number; readonly shot: Shot }> {
  const python = await fetchFromPyPi('contextforge', packages);
  const { port } = await freePorts('port');
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-bench-contextforge-'));
  opened.push(() => rm(folder, { recursive: true, force: true }));
  const secret = (): string => randomBytes(48).toString('base64');
  const password = `Aa1-${randomBytes(12).toString('hex')}`;
  const running = startProcess(join(dirname(python), 'mcpgateway'), ['--host', '127.0.0.1', '--port', String(port)], {
    cwd: folder,
    env: {
      HOME: folder,
      DATABASE_URL: `sqlite:///${join(folder, 'mcp.db')}`,
      JWT_SECRET_KEY: secret(),
      AUTH_ENCRYPTION_SECRET: secret(),
      PLATFORM_ADMIN_EMAIL: administrator,
      PLATFORM_ADMIN_PASSWORD: password,
      DEFAULT_USER_PASSWORD: `${password}-other`,
      PASSWORD_CHANGE_ENFORCEMENT_ENABLED: 'false',
      ADMIN_REQUIRE_PASSWORD_CHANGE_ON_BOOTSTRAP: 'false',
      MCPGATEWAY_UI_ENABLED: 'false',
      OTEL_ENABLE_OBSERVABILITY: 'false',
      // The upstream is on this machine.
      SSRF_ALLOW_LOCALHOST: 'true',
      SSRF_ALLOW_PRIVATE_NETWORKS: 'true',
      LOG_LEVEL: 'ERROR',
    },
  });
  opened.push(() => running.stop('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  await waitFor(`${url}/health`, running, { seconds: 400 });
  const post = async (path: string, body: object, token?: string): Promise<Record<string, unknown>> => {
    const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`ContextForge ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  const token = String((await post('/auth/email/login', { email: administrator, password }))['access_token']);
  const tool = {
    name: 'get-item',
    url: `${upstream}/items/{id}`,
    integration_type: 'REST',
    request_type: 'GET',
    input_schema: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] },
  };
  await post('/tools', { tool }, token);
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'get-item', arguments: { id: 7 } } };
  const { result } = await post('/rpc', call, token);
  if (result === undefined) throw new Error('ContextForge does not call its tool');
  return {
    pid: running.child.pid ?? 0,
    shot: {
      url: new URL(`${url}/rpc`),
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(call),
    },
  };
}
