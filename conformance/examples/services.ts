import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildByGo, fetchRequirements } from '../parts/fetched.ts';
import { freePorts } from '../parts/ports.ts';
import { type RunningProcess, startProcess, waitFor } from '../parts/process.ts';

/** What each of the examples reads from its environment. */
export interface Settings {
  readonly KEYCLOAK_ISSUER: string;
  readonly KEYCLOAK_JWKS_URL: string;
  readonly EXPECTED_AUDIENCE: string;
}

/** One of the examples, fetched and built: it can be started with any settings. */
export interface Service {
  readonly name: string;
  /** The text of its README: what a reader types is what the suite runs. */
  readonly readme: string;
  /** The command of its README that `launch` runs. */
  readonly command: string;
  /** What becomes of it where the address of the keys does not answer. */
  readonly withoutKeys: 'answers 503' | 'does not start';
  readonly launch: (settings: Settings, port: number) => RunningProcess;
}

const examples = join(import.meta.dirname, '..', '..', 'examples');

export async function openFastapi(): Promise<Service> {
  const cwd = join(examples, 'fastapi');
  const python = await fetchRequirements('examples-fastapi', join(cwd, 'requirements.txt'));
  const command = '-m uvicorn main:app --port';
  return {
    name: 'fastapi',
    readme: await readFile(join(cwd, 'README.md'), 'utf8'),
    command,
    withoutKeys: 'answers 503',
    launch: (settings, port) =>
      startProcess(python, [...command.split(' '), String(port)], {
        cwd,
        env: { ...settings, PYTHONDONTWRITEBYTECODE: '1' },
      }),
  };
}

export async function openGo(): Promise<Service> {
  const cwd = join(examples, 'go');
  const program = await buildByGo('examples-go', cwd);
  return {
    name: 'go',
    readme: await readFile(join(cwd, 'README.md'), 'utf8'),
    command: 'go run .',
    withoutKeys: 'does not start',
    launch: (settings, port) => startProcess(program, [], { cwd, env: { ...settings, ADDRESS: `127.0.0.1:${port}` } }),
  };
}

/** Starts a service on a free port, lends it to `use`, and stops it whatever happens. */
export async function withRunning<T>(
  { launch }: Service,
  settings: Settings,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const { service: port } = await freePorts('service');
  const url = `http://127.0.0.1:${port}`;
  const running = launch(settings, port);
  try {
    await waitFor(`${url}/me`, running, { status: 401, seconds: 60 });
    return await use(url);
  } finally {
    await running.stop('SIGTERM', 5000);
  }
}

/** Whether a service with these settings ends by itself, with an exit status that says so. */
export async function refusesToStart({ launch }: Service, settings: Settings): Promise<boolean> {
  const { service: port } = await freePorts('service');
  const running = launch(settings, port);
  const started = await waitFor(`http://127.0.0.1:${port}/me`, running, { status: 401, seconds: 60 }).then(
    () => true,
    () => false,
  );
  const status = await running.stop('SIGTERM', 5000);
  return !started && status !== null && status > 0; // null: it had to be told
}
