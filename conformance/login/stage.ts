import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestIdp } from '@keyturn/idp/testing';
import type { RealmRepresentation } from '@keyturn/realm';
import { adminToken } from '../parts/admin-token.ts';
import { audienceMapper, clientOf, userOf } from '../parts/realm-parts.ts';
import { freePorts } from '../parts/ports.ts';
import { startProcess, waitFor } from '../parts/process.ts';

/** An identity provider and one Keyturn, each known to browsers by a public name and to each other by an address. */
export interface Stage {
  readonly keyturn: string;
  readonly idp: string;
  readonly issuer: string;
  /** Asks the admin API of the realm by the internal address. */
  readonly administer: (method: string, path: string, body?: unknown) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

export const realmName = 'keyturn-login-suite';
export const rolesOfGroups = { '/staff/editors': 'Editor', 'night-*': 'Watcher', '/reviewers': 'Reviewer' };

const paymentsNeedAKey = `apiVersion: keyturn.dev/v1alpha1
kind: SafetyPolicy
metadata:
  name: payments
spec:
  rules:
    - name: payments
      type: StateEvaluation
      action: RequireApproval
      expression: request.spec.action == "pay"
      message: Payments need a second key.
    - name: rest
      type: StateEvaluation
      action: Allow
      expression: "true"
`;

const root = join(import.meta.dirname, '..', '..');

export async function openStage(keycloakUrl: string | undefined): Promise<Stage> {
  const opened: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of opened.reverse()) await end();
  };
  try {
    const ports = await freePorts('keyturn', 'management', 'idp');
    const idpPort = keycloakUrl === undefined ? String(ports.idp) : new URL(keycloakUrl).port;
    const keyturn = `http://keyturn.localhost:${ports.keyturn}`;
    const idp = `http://id.localhost:${idpPort}`;
    const inside = `http://127.0.0.1:${idpPort}`;
    const realm = suiteRealm(keyturn, `http://127.0.0.1:${ports.keyturn}`, idp);
    if (keycloakUrl === undefined) {
      const embedded = await startTestIdp(
        { [realmName]: realm },
        { port: ports.idp, hostname: idp, hostnameBackchannelDynamic: true },
      );
      opened.push(() => embedded.close());
    } else {
      await removeRealm(inside);
      opened.push(() => removeRealm(inside));
      await ask(inside, 'POST', '/admin/realms', realm);
    }
    const data = await mkdtemp(join(tmpdir(), 'keyturn-login-'));
    opened.push(() => rm(data, { recursive: true, force: true }));
    const policies = join(data, 'policies.yaml');
    await writeFile(policies, paymentsNeedAKey);
    const running = startProcess(process.execPath, [join(root, 'packages/cli/src/main.ts'), 'serve'], {
      cwd: data,
      env: {
        KEYCLOAK_URL: '',
        // As the services of seed 004 are set up.
        KEYCLOAK_SERVER_URL: inside,
        KEYCLOAK_REALM: realmName,
        KEYCLOAK_ISSUER: `${idp}/realms/${realmName}`,
        KEYCLOAK_CLIENT_ID: 'keyturn-login',
        KEYCLOAK_CLIENT_SECRET: 'keyturn-login-secret',
        KEYCLOAK_GROUP_TO_ROLE: JSON.stringify(rolesOfGroups),
        KEYTURN_RBAC__MODEL: JSON.stringify({
          roles: { Editor: { staff: true }, Watcher: {}, Reviewer: {} },
        }),
        KEYTURN_REQUESTS__AGENT_ROLES: 'Editor',
        KEYTURN_REQUESTS__REVIEWER_ROLES: 'Reviewer',
        KEYTURN_POLICIES__PATH: policies,
        KEYTURN_LOGIN__SYNC_CLIENT_ID: 'keyturn-reader',
        KEYTURN_LOGIN__SYNC_CLIENT_SECRET: 'keyturn-reader-secret',
        KEYTURN_LOGIN__GROUP_SYNC_INTERVAL: '2',
        KEYTURN_SEAL__KEY: Buffer.alloc(32, 9).toString('base64'),
        KEYTURN_AUTH__AUDIENCES: 'keyturn',
        KEYTURN_HTTP__PORT: String(ports.keyturn),
        KEYTURN_HTTP__PUBLIC_URL: keyturn,
        KEYTURN_MANAGEMENT__PORT: String(ports.management),
        KEYTURN_STORE__URL: `sqlite:${join(data, 'keyturn.db')}`,
        LOG_LEVEL: 'warn',
      },
    });
    opened.push(() => running.stop());
    await waitFor(`http://127.0.0.1:${ports.management}/health/ready`, running, { seconds: 60 });
    return {
      keyturn,
      idp,
      issuer: `${idp}/realms/${realmName}`,
      administer: (method, path, body) => ask(inside, method, `/admin/realms/${realmName}${path}`, body),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function ask(idp: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const headers = { authorization: `Bearer ${await adminToken(idp)}`, 'content-type': 'application/json' };
  const answer = await fetch(`${idp}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function removeRealm(idp: string): Promise<void> {
  const headers = { authorization: `Bearer ${await adminToken(idp)}` };
  await fetch(`${idp}/admin/realms/${realmName}`, { method: 'DELETE', headers });
}

/** `frontendUrl` is what a realm of a Keycloak without a host name of its own calls itself. */
function suiteRealm(publicUrl: string, internalUrl: string, idp: string): RealmRepresentation {
  return {
    realm: realmName,
    enabled: true,
    sslRequired: 'none',
    attributes: { frontendUrl: idp },
    groups: [{ name: 'staff', subGroups: [{ name: 'editors' }] }, { name: 'night-shift' }, { name: 'reviewers' }],
    clients: [
      clientOf('keyturn-login', {
        standardFlowEnabled: true,
        redirectUris: [`${publicUrl}/login/callback`],
        attributes: {
          'post.logout.redirect.uris': `${publicUrl}/`,
          'backchannel.logout.url': `${internalUrl}/backchannel-logout`,
          'backchannel.logout.session.required': 'true',
        },
        protocolMappers: [
          audienceMapper('keyturn', 'custom'),
          {
            name: 'groups',
            protocol: 'openid-connect',
            protocolMapper: 'oidc-group-membership-mapper',
            config: {
              'claim.name': 'groups',
              'full.path': 'true',
              'access.token.claim': 'true',
              'id.token.claim': 'false',
            },
          },
        ],
      }),
      clientOf('keyturn-reader', { serviceAccountsEnabled: true }),
    ],
    users: [
      userOf(realmName, 'john', { groups: ['/staff/editors', '/night-shift'] }),
      userOf(realmName, 'jane', { groups: [] }),
      userOf(realmName, 'rita', { groups: ['/reviewers'] }),
      {
        username: 'service-account-keyturn-reader',
        enabled: true,
        serviceAccountClientId: 'keyturn-reader',
        clientRoles: { 'realm-management': ['view-users'] },
      },
    ],
  };
}
