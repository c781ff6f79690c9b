import { join } from 'node:path';
import { type RunningProcess, startProcess, waitFor } from '../parts/process.ts';

/** Starts one Keyturn in a process of its own, with the settings of this suite, and waits until it is ready. */
export async function serveKeyturn(options: {
  readonly issuer: string;
  readonly port: number;
  readonly management: number;
  /** Where it runs. */
  readonly folder: string;
  readonly store: string;
  /** By their environment names; over the suite's own. */
  readonly settings: Readonly<Record<string, string>>;
}): Promise<RunningProcess> {
  const { issuer, port, management, folder, store, settings } = options;
  const command = join(import.meta.dirname, '..', '..', 'packages/cli/src/main.ts');
  const running = startProcess(process.execPath, [command, 'serve'], {
    cwd: folder,
    env: {
      // The suites' own name for a Keycloak to run against is a setting of Keyturn too.
      KEYCLOAK_URL: '',
      KEYCLOAK_ISSUER: issuer,
      KEYTURN_AUTH__AUDIENCES: 'keyturn',
      KEYTURN_HTTP__HOST: 'localhost',
      KEYTURN_HTTP__PORT: String(port),
      KEYTURN_HTTP__PUBLIC_URL: `http://localhost:${port}`,
      KEYTURN_MANAGEMENT__PORT: String(management),
      KEYTURN_STORE__URL: store,
      KEYTURN_MCP__TASK_AFTER: '0.5',
      // The fixtures are on any port of this machine.
      KEYTURN_TOOLS__ALLOWED_HOSTS: '127.0.0.1',
      // Machines that run suites are busy.
      KEYTURN_TOOLS__DOCUMENT_TIMEOUT: '120',
      KEYTURN_HTTP__DEADLINE: '120',
      TOKEN_EXCHANGE_CLIENT_ID: 'keyturn',
      TOKEN_EXCHANGE_CLIENT_SECRET: 'keyturn-secret',
      LOG_LEVEL: 'warn',
      ...settings,
    },
  });
  try {
    await waitFor(`http://127.0.0.1:${management}/health/ready`, running, { seconds: 60 });
  } catch (error) {
    await running.stop('SIGKILL');
    throw error;
  }
  return running;
}
