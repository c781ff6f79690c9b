import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestIdp } from '@keyturn/idp/testing';
import { adminToken } from '../parts/admin-token.ts';
import { freePorts } from '../parts/ports.ts';
import { openPostgres } from '../parts/postgres.ts';
import { type RunningProcess, startProcess, waitFor } from '../parts/process.ts';

// As `npm start` has it.
const node = ['--max-semi-space-size=2', '--heap-growing-percent=15'];
const program = join(import.meta.dirname, '..', '..', 'packages/cli/start.mjs');

/** A gateway in a process of its own, started with the flags of the seed's step 3. */
export interface Gateway {
  readonly url: string;
  readonly running: RunningProcess;
}

export interface Stage {
  readonly idpUrl: string;
  readonly issuer: string;
  /** Starts a gateway, to be waited for. `flags` beside those of the seed. */
  readonly start: (store: string, flags?: readonly string[], audience?: string) => Promise<Gateway>;
  /** Runs one that is expected to end by itself, and gives its exit status and what it said. */
  readonly refusal: (flags: readonly string[]) => Promise<{ readonly status: number | null; readonly said: string }>;
  /** An empty PostgreSQL for several replicas. */
  readonly postgres: () => Promise<string>;
  readonly sqlite: () => string;
  /** A file with one policy: production needs a second key. */
  readonly policies: string;
  /** Tokens of a client are for this audience too, from now on. */
  readonly addAudience: (clientId: string, audience: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

const guard = `apiVersion: governance.aip.io/v1alpha1
kind: SafetyPolicy
metadata:
  name: production
spec:
  rules:
    - name: production
      type: StateEvaluation
      action: RequireApproval
      expression: has(request.spec.target) && has(request.spec.target.uri) && request.spec.target.uri.startsWith("k8s://prod")
      message: Production needs a second key.
    - name: payments
      type: StateEvaluation
      action: RequireApproval
      expression: tool != null && tool.name == "pay"
      message: Payments need a second key.
`;

export async function openStage(keycloakUrl: string | undefined): Promise<Stage> {
  const opened: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of opened.reverse()) await end();
  };
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-requests-'));
  opened.push(() => rm(folder, { recursive: true, force: true }));
  const policies = join(folder, 'policies.yaml');
  await writeFile(policies, guard);
  let idpUrl = keycloakUrl;
  if (idpUrl === undefined) {
    const idp = await startTestIdp({});
    opened.push(() => idp.close());
    idpUrl = idp.url;
  } else {
    const url = idpUrl;
    await removeRealm(url);
    opened.push(() => removeRealm(url));
  }
  const issuer = `${idpUrl}/realms/aip`;
  // As the seed's table has them.
  const seedFlags = ['--oidc-issuer-url', issuer, '--oidc-identity-claim', 'azp'];
  const lists = ['--agent-subjects', 'aip-agent-1', '--reviewer-subjects', 'aip-reviewer-1'];
  const env = { KEYCLOAK_URL: '', LOG_LEVEL: 'warn' };
  let count = 0;
  return {
    idpUrl,
    issuer,
    policies,
    close,
    async start(store, flags = [], audience = 'aip-gateway') {
      const ports = await freePorts('http', 'management');
      const listen = ['--http.port', String(ports.http), '--management.port', String(ports.management)];
      const args = [
        ...node,
        program,
        'serve',
        ...seedFlags,
        '--oidc-audience',
        audience,
        ...lists,
        ...listen,
        '--store.url',
        store,
        ...flags,
      ];
      const running = startProcess(process.execPath, args, { cwd: folder, env });
      opened.push(() => running.stop('SIGKILL'));
      await waitFor(`http://127.0.0.1:${ports.management}/health/ready`, running, { seconds: 60 });
      return { url: `http://127.0.0.1:${ports.http}`, running };
    },
    async refusal(flags) {
      const args = [program, 'serve', '--http.port', '0', '--management.port', '0', '--store.url', sqlite(), ...flags];
      const running = startProcess(process.execPath, args, { cwd: folder, env });
      const timer = setTimeout(() => running.child.kill('SIGKILL'), 30_000);
      const status = await running.ended;
      clearTimeout(timer);
      return { status, said: running.output() };
    },
    async addAudience(clientId, audience) {
      const headers = { authorization: `Bearer ${await adminToken(idpUrl)}`, 'content-type': 'application/json' };
      const clients = `${idpUrl}/admin/realms/aip/clients`;
      const found = await fetch(`${clients}?clientId=${clientId}`, { headers });
      const [client] = (await found.json()) as { id: string }[];
      const mapper = {
        name: `audience ${audience}`,
        protocol: 'openid-connect',
        protocolMapper: 'oidc-audience-mapper',
        config: { 'included.custom.audience': audience, 'id.token.claim': 'false', 'access.token.claim': 'true' },
      };
      const added = await fetch(`${clients}/${client?.id ?? ''}/protocol-mappers/models`, {
        method: 'POST',
        headers,
        body: JSON.stringify(mapper),
      });
      if (added.status !== 201) throw new Error(`the mapper answered ${added.status}`);
    },
    async postgres() {
      const server = await openPostgres();
      opened.push(() => server.stop());
      return server.url;
    },
    sqlite,
  };

  function sqlite(): string {
    count += 1;
    return `sqlite:${join(folder, `keyturn-${count}.db`)}`;
  }
}

async function removeRealm(url: string): Promise<void> {
  const headers = { authorization: `Bearer ${await adminToken(url)}` };
  await fetch(`${url}/admin/realms/aip`, { method: 'DELETE', headers });
}
