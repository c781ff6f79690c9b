import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
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
  if (existsSync(marker)) return pythonIn(folder);
  const python = await installByPip(folder, wanted);
  await writeFile(marker, '');
  return python;
}

/** The same for what a requirements.txt names, anew where it has changed since. */
export async function fetchRequirements(name: string, path: string): Promise<string> {
  const folder = join(cache, name);
  const installed = join(folder, 'requirements.txt');
  if (existsSync(installed) && (await readFile(installed, 'utf8')) === (await readFile(path, 'utf8')))
    return pythonIn(folder);
  await rm(folder, { recursive: true, force: true });
  const python = await installByPip(folder, ['--requirement', path]);
  await copyFile(path, installed);
  return python;
}

function pythonIn(folder: string): string {
  return join(folder, 'py', 'bin', 'python');
}

async function installByPip(folder: string, wanted: readonly string[]): Promise<string> {
  const python = pythonIn(folder);
  await mkdir(folder, { recursive: true });
  await orNotFetched('python3', ['-m', 'venv', 'py'], folder);
  await orNotFetched(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted], folder);
  return python;
}

/** Builds a Go program with the modules that its go.sum pins, and gives the path of the program. */
export async function buildByGo(name: string, source: string): Promise<string> {
  const folder = join(cache, name);
  await mkdir(folder, { recursive: true });
  const program = join(folder, 'program');
  await orNotFetched('go', ['build', '-mod=readonly', '-o', program, '.'], source);
  return program;
}

async function orNotFetched(command: string, args: readonly string[], cwd: string): Promise<void> {
  try {
    await run(command, [...args], { cwd, timeout: 600_000, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    throw new NotFetched(`${command} ${args.join(' ')}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
