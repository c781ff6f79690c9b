import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '..', '..', '.cache');

/** Packages that a suite or a bench compares with and the product does not need: kept below .cache/, fetched once. */

/** Why they are not there: no network, no Python. A suite prints it and skips on a user's machine. */
export class NotFetched extends Error {}

/** Fetches packages of npm, by exact versions, and gives the folder whose node_modules has them. */
export async function fetchFromNpm(name: string, packages: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(cache, name);
  const marker = join(folder, `${Object.values(packages).join('_')}.npm`);
  if (existsSync(marker)) return folder;
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies: packages }),
  );
  await orNotFetched('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], folder);
  await writeFile(marker, '');
  return folder;
}

/** Fetches packages of PyPI into a virtual environment, and gives its Python. */
export async function fetchFromPyPi(name: string, packages: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(cache, name);
  const wanted = Object.entries(packages).map(([id, version]) => `${id}==${version}`);
  const marker = join(folder, `${wanted.join('_')}.pip`);
  const python = join(folder, 'py', 'bin', 'python');
  if (existsSync(marker)) return python;
  await mkdir(folder, { recursive: true });
  await orNotFetched('python3', ['-m', 'venv', 'py'], folder);
  await orNotFetched(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted], folder);
  await writeFile(marker, '');
  return python;
}

async function orNotFetched(command: string, args: readonly string[], cwd: string): Promise<void> {
  try {
    await run(command, [...args], { cwd, timeout: 600_000, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    throw new NotFetched(`${command} ${args.join(' ')}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
