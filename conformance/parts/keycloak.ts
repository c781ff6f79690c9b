import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from './ports.ts';
import { startProcess, waitFor } from './process.ts';

const run = promisify(execFile);

/** The version that is tested against; another by KEYCLOAK_VERSION. */
export const keycloakVersion = process.env['KEYCLOAK_VERSION'] ?? '26.7.3';

export interface RunningKeycloak {
  /** Base URL without a trailing slash. */
  readonly url: string;
  readonly managementUrl: string;
  readonly admin: { readonly username: string; readonly password: string };
  /** Process id, for benches that count its CPU. */
  readonly pid: number | undefined;
  readonly stop: () => Promise<void>;
}

export interface KeycloakOptions {
  /** Realm files named <realm>-realm.json, imported at start. */
  readonly importFiles?: readonly string[];
  readonly env?: Record<string, string>;
  /** Called with what is happening, for progress on standard error. */
  readonly say?: (text: string) => void;
  readonly port?: number;
}

/** Why no real Keycloak can run here. A suite prints it and skips on a user's machine; in CI it is a failure. */
export class NoKeycloak extends Error {}

/**
 * Starts a real Keycloak in development mode with an empty database of its own: the one in KEYCLOAK_HOME, else the
 * pinned version fetched by Maven's client and kept in .cache/. The first start takes 60 to 150 s on two cores.
 */
export async function openKeycloak(options: KeycloakOptions = {}): Promise<RunningKeycloak> {
  const say = options.say ?? (() => {});
  const home = await keycloakHome(say);
  const java = await javaHome();
  const ports = await freePorts('http', 'management');
  const port = options.port ?? ports.http;
  // Keycloak writes below its own folder (data, and lib while it builds itself), so each run has a copy.
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-keycloak-'));
  await cp(home, folder, { recursive: true, filter: (source) => !source.startsWith(join(home, 'data')) });
  if (options.importFiles !== undefined) {
    await mkdir(join(folder, 'data', 'import'), { recursive: true });
    for (const file of options.importFiles) await cp(file, join(folder, 'data', 'import', file.split('/').pop() ?? ''));
  }
  const admin = { username: 'admin', password: 'admin' };
  const running = startProcess(
    join(folder, 'bin', 'kc.sh'),
    [
      'start-dev',
      `--http-port=${port}`,
      `--http-management-port=${ports.management}`,
      '--health-enabled=true',
      '--metrics-enabled=true',
      ...(options.importFiles === undefined ? [] : ['--import-realm']),
    ],
    {
      env: {
        ...options.env,
        JAVA_HOME: java,
        JAVA_OPTS_APPEND: '-Xmx512m',
        KC_BOOTSTRAP_ADMIN_USERNAME: admin.username,
        KC_BOOTSTRAP_ADMIN_PASSWORD: admin.password,
      },
    },
  );
  const stop = async (): Promise<void> => {
    await running.stop('SIGTERM', 30_000);
    await rm(folder, { recursive: true, force: true });
  };
  say(`starting Keycloak ${keycloakVersion} on port ${port} (a first start takes 60 to 150 s)`);
  try {
    await waitFor(`http://localhost:${ports.management}/health/ready`, running, { seconds: 300 });
    await waitFor(`http://localhost:${port}/realms/master`, running, { seconds: 60 });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `http://localhost:${port}`,
    managementUrl: `http://localhost:${ports.management}`,
    admin,
    pid: running.child.pid,
    stop,
  };
}

/** The distribution that KEYCLOAK_HOME names, else the one below .cache/. Throws NoKeycloak where none can be had. */
export async function keycloakHome(say: (text: string) => void): Promise<string> {
  return process.env['KEYCLOAK_HOME'] ?? (await unpackKeycloak(say));
}

/** The unpacked distribution below .cache/, fetched if it is not there. */
async function unpackKeycloak(say: (text: string) => void): Promise<string> {
  const cache = join(import.meta.dirname, '..', '..', '.cache');
  const home = join(cache, `keycloak-${keycloakVersion}`);
  if (existsSync(join(home, 'bin', 'kc.sh'))) return home;
  await mkdir(cache, { recursive: true });
  const archive = join(
    homedir(),
    '.m2/repository/org/keycloak/keycloak-quarkus-dist',
    keycloakVersion,
    `keycloak-quarkus-dist-${keycloakVersion}.tar.gz`,
  );
  if (!existsSync(archive)) {
    say(`fetching Keycloak ${keycloakVersion} by Maven (170 MB, once)`);
    await run(
      'mvn',
      [
        '-q',
        'dependency:get',
        `-Dartifact=org.keycloak:keycloak-quarkus-dist:${keycloakVersion}:tar.gz`,
        '-Dtransitive=false',
      ],
      { timeout: 600_000 },
    ).catch((error: Error) => {
      throw new NoKeycloak(`Maven's client (mvn) is needed to fetch Keycloak, or KEYCLOAK_HOME: ${error.message}`);
    });
  }
  const partial = await mkdtemp(join(cache, 'unpacking-'));
  await run('tar', ['xzf', archive, '-C', partial, '--strip-components=1'], { timeout: 120_000 });
  await rename(partial, home).catch(async (error: NodeJS.ErrnoException) => {
    // Somebody else unpacked it meanwhile.
    if (!existsSync(join(home, 'bin', 'kc.sh'))) throw error;
    await rm(partial, { recursive: true, force: true });
  });
  return home;
}

/** JAVA_HOME of a JDK that is new enough (21), looked for where Debian keeps them. */
export async function javaHome(): Promise<string> {
  const folder = '/usr/lib/jvm';
  const candidates = [
    ...(process.env['JAVA_HOME'] === undefined ? [] : [process.env['JAVA_HOME']]),
    ...(existsSync(folder) ? (await readdir(folder)).map((name) => join(folder, name)) : []),
  ];
  let best: { home: string; major: number } | undefined;
  for (const home of candidates) {
    const release = await readFile(join(home, 'release'), 'utf8').catch(() => '');
    const major = Number(/JAVA_VERSION="(\d+)/.exec(release)?.[1] ?? 0);
    if (major >= 21 && (best === undefined || major > best.major)) best = { home, major };
  }
  if (best === undefined) throw new NoKeycloak('a JDK of version 21 or newer is needed (JAVA_HOME)');
  return best.home;
}
