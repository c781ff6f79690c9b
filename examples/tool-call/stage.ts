import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKeycloak } from '@keyturn/conformance/parts/keycloak';
import { freePorts } from '@keyturn/conformance/parts/ports';
import { startProcess, waitFor } from '@keyturn/conformance/parts/process';
import { parseRealmFile } from '@keyturn/realm';

const root = join(import.meta.dirname, '..', '..');
const realmFile = join(root, 'packages/cli/src/dev/tools-provider-realm.json');

/** Everything running: what `npm start` starts, on ports of its own and with a new data folder. */
export interface Stage {
  readonly keyturn: string;
  readonly issuer: string;
  readonly pizzeria: string;
  /** Stops it as Ctrl-C would, and gives the exit status. */
  readonly close: () => Promise<number | null>;
}

export async function openStage(idp: 'embedded' | 'keycloak'): Promise<Stage> {
  const ports = await freePorts('keyturn', 'management', 'idp', 'idpManagement', 'pizzeria');
  const mcpResource = `http://localhost:${ports.keyturn}/mcp`;
  const keycloak = idp === 'keycloak' ? await findKeycloak(mcpResource) : undefined;
  const data = await mkdtemp(join(tmpdir(), 'keyturn-story-'));
  const running = startProcess(process.execPath, [
    '--max-semi-space-size=2', // as npm start has it
    join(root, 'packages/cli/src/main.ts'),
    'dev',
    `--data=${data}`,
    `--port=${ports.keyturn}`,
    `--management-port=${ports.management}`,
    `--idp-port=${ports.idp}`,
    `--idp-management-port=${ports.idpManagement}`,
    `--pizzeria-port=${ports.pizzeria}`,
    ...(keycloak === undefined ? [] : [`--keycloak=${keycloak.url}`]),
  ]);
  const close = async (): Promise<number | null> => {
    const status = await running.stop('SIGINT');
    await keycloak?.stop();
    await rm(data, { recursive: true, force: true });
    return status;
  };
  try {
    await waitFor(`http://localhost:${ports.management}/health/ready`, running, { seconds: 60 });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    keyturn: `http://localhost:${ports.keyturn}`,
    issuer: `${keycloak?.url ?? `http://localhost:${ports.idp}`}/realms/tools-provider`,
    pizzeria: `http://localhost:${ports.pizzeria}`,
    close,
  };
}

/** A Keycloak with the demo realm: one that runs already (STORY_KEYCLOAK_URL), or a new one that imports it. */
async function findKeycloak(mcpResource: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const env = { KEYTURN_MCP_RESOURCE: mcpResource };
  const running = process.env['STORY_KEYCLOAK_URL']?.replace(/\/+$/, '');
  if (running === undefined) {
    return openKeycloak({ importFiles: [realmFile], env, say: (text) => console.error(text) });
  }
  const parsed = parseRealmFile(await readFile(realmFile, 'utf8'), { path: 'tools-provider-realm.json', env });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.refusal));
  const token = await adminToken(running);
  const realms = `${running}/admin/realms`;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  await fetch(`${realms}/tools-provider`, { method: 'DELETE', headers });
  const created = await fetch(realms, { method: 'POST', headers, body: JSON.stringify(parsed.value) });
  if (created.status !== 201) throw new Error(`Keycloak answered ${created.status}: ${await created.text()}`);
  return { url: running, stop: async () => {} };
}

async function adminToken(keycloak: string): Promise<string> {
  const answer = await fetch(`${keycloak}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'admin-cli',
      username: process.env['KC_BOOTSTRAP_ADMIN_USERNAME'] ?? 'admin',
      password: process.env['KC_BOOTSTRAP_ADMIN_PASSWORD'] ?? 'admin',
    }),
  });
  const { access_token } = (await answer.json()) as { access_token?: string };
  if (access_token === undefined) throw new Error(`no admin token from ${keycloak} (${answer.status})`);
  return access_token;
}
