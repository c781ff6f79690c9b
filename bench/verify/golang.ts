import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Cost } from './measure.ts';
import type { Material } from './tokens.ts';
import { audience, issuer } from './tokens.ts';

/** golang-jwt in a process of its own, which is told how many tokens to check and says what that cost. */
export interface Golang extends AsyncDisposable {
  /** What one check cost, of which it knows the CPU. */
  measure(alg: string, checks: number): Promise<Cost>;
}

/** Builds and starts golang-jwt, or says why that is not possible. */
export async function startGolang(materials: readonly Material[]): Promise<Golang | string> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-bench-'));
  const binary = join(folder, 'verify');
  try {
    await promisify(execFile)('go', ['build', '-o', binary, '.'], {
      cwd: fileURLToPath(new URL('go', import.meta.url)),
      timeout: 240_000,
    });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return missing ? 'Go is not on the PATH' : 'its build failed (no module proxy?)';
  }
  const child = spawn(binary, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const given = Object.fromEntries(materials.map(({ alg, pem, tokens }) => [alg, { pem, tokens }]));
  child.stdin.write(`${JSON.stringify({ issuer, audience, materials: given })}\n`);
  await lines.next();
  return {
    async measure(alg, checks) {
      child.stdin.write(`${alg} ${checks}\n`);
      const { value } = await lines.next();
      const cpu = Number(value) / 1000 / checks;
      return { cpu, undisturbed: Number.NaN };
    },
    [Symbol.asyncDispose]: () => stop(child, folder),
  };
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  child.stdin?.end();
  if (child.exitCode === null) await once(child, 'exit');
  await rm(folder, { recursive: true, force: true });
}
