import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A program below .cache/, built by `go install` if it is not there: some minutes, the first time. */
export async function fetchByGo(order: {
  /** What the file below .cache/ is called, with its version. */
  readonly name: string;
  readonly package: string;
  /** What `go install` calls it. */
  readonly program: string;
}): Promise<string> {
  const cache = join(import.meta.dirname, '..', '..', '.cache');
  const program = join(cache, order.name);
  if (existsSync(program)) return program;
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'building-'));
  try {
    await run('go', ['install', order.package], { env: { ...process.env, GOBIN: folder }, timeout: 900_000 });
    await rename(join(folder, order.program), program);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return program;
}
