import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { devPorts, openDev } from '@keyturn/conformance/parts/dev';
import { openKeycloak } from '@keyturn/conformance/parts/keycloak';
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
  const ports = await devPorts();
  const keycloak = idp === 'keycloak' ? await findKeycloak(`http://localhost:${ports.keyturn}/mcp`) : undefined;
  try {
    const dev = await openDev({ ports, ...(keycloak === undefined ? {} : { keycloakUrl: keycloak.url }) });
    const close = async (): Promise<number | null> => {
      const status = await dev.close();
      await keycloak?.stop();
      return status;
    };
    return { keyturn: dev.keyturn, issuer: dev.issuer, pizzeria: dev.pizzeria, close };
  } catch (error) {
    await keycloak?.stop();
    throw error;
  }
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
