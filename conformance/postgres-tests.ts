// npm run test:postgres: the tests of whatever is kept in a database, on a real PostgreSQL as well.
import { spawn } from 'node:child_process';
import { NoPostgres, openPostgres } from './parts/postgres.ts';

try {
  await using postgres = await open();
  const tests = spawn('vitest', ['run', 'packages/store', 'packages/server'], {
    stdio: 'inherit',
    env: { ...process.env, KEYTURN_TEST_POSTGRES_URL: postgres.url },
    shell: process.platform === 'win32',
  });
  process.exitCode = await new Promise<number>((resolve) => tests.once('close', (status) => resolve(status ?? 1)));
} catch (error) {
  if (!(error instanceof NoPostgres) || process.env['CI'] !== undefined) throw error;
  console.log(`skipped: ${error.message}`);
}

async function open() {
  const postgres = await openPostgres();
  return { url: postgres.url, [Symbol.asyncDispose]: () => postgres.stop() };
}
