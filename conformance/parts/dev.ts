import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './ports.ts';
import { type RunningProcess, startProcess, waitFor } from './process.ts';

/** `keyturn dev` as a process of its own, as `npm start` runs it. */
export interface Dev {
  readonly running: RunningProcess;
  readonly keyturn: string;
  readonly management: string;
  readonly pizzeria: string;
  /** The issuer of the demo realm. */
  readonly issuer: string;
  /** From the command to the first ready answer, in milliseconds. */
  readonly milliseconds: number;
  /** Stops it, and gives the exit status. Its data folder goes too, if it was made here. */
  readonly close: (signal?: NodeJS.Signals) => Promise<number | null>;
}

export type DevPorts = Record<'keyturn' | 'management' | 'idp' | 'idpManagement' | 'pizzeria', number>;

/** Free ports for all that `keyturn dev` listens on. */
export function devPorts(): Promise<DevPorts> {
  return freePorts('keyturn', 'management', 'idp', 'idpManagement', 'pizzeria');
}

/** Starts the command on these ports and does not wait. */
export function startDev(options: {
  ports: DevPorts;
  data: string;
  keycloakUrl?: string;
  env?: Record<string, string>;
}): RunningProcess {
  const { ports, data, keycloakUrl, env } = options;
  const args = [
    '--max-semi-space-size=2', // these two as in the script of npm start
    '--heap-growing-percent=15',
    join(import.meta.dirname, '..', '..', 'packages/cli/src/main.ts'),
    'dev',
    `--data=${data}`,
    `--port=${ports.keyturn}`,
    `--management-port=${ports.management}`,
    `--idp-port=${ports.idp}`,
    `--idp-management-port=${ports.idpManagement}`,
    `--pizzeria-port=${ports.pizzeria}`,
    '--grpc-port=0',
    ...(keycloakUrl === undefined ? [] : [`--keycloak=${keycloakUrl}`]),
  ];
  return startProcess(process.execPath, args, env === undefined ? {} : { env });
}

/** Starts it and waits until it is ready. `keycloakUrl` takes the place of the embedded identity provider. */
export async function openDev(
  options: { ports?: DevPorts; data?: string; keycloakUrl?: string; env?: Record<string, string> } = {},
): Promise<Dev> {
  const { keycloakUrl, env } = options;
  const ports = options.ports ?? (await devPorts());
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'keyturn-dev-')));
  const startedAt = performance.now();
  const running = startDev({
    ports,
    data,
    ...(keycloakUrl === undefined ? {} : { keycloakUrl }),
    ...(env === undefined ? {} : { env }),
  });
  const close = async (signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> => {
    const status = await running.stop(signal);
    if (options.data === undefined) await rm(data, { recursive: true, force: true });
    return status;
  };
  const management = `http://localhost:${ports.management}`;
  try {
    await waitFor(`${management}/health/ready`, running, { seconds: 60 });
  } catch (error) {
    await close('SIGKILL');
    throw error;
  }
  return {
    running,
    keyturn: `http://localhost:${ports.keyturn}`,
    management,
    pizzeria: `http://localhost:${ports.pizzeria}`,
    issuer: `${keycloakUrl ?? `http://localhost:${ports.idp}`}/realms/tools-provider`,
    milliseconds: performance.now() - startedAt,
    close,
  };
}
