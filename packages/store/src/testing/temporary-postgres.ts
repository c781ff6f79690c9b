import { spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ok, type Result, refuse } from '@keyturn/protocol';
import { Client } from 'pg';

/** A PostgreSQL of one's own, empty, that listens on loopback and on a Unix socket, and trusts whoever connects. */
export interface TemporaryPostgres {
  readonly url: string;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL in a temporary folder. Refuses with a reason where none is installed. PostgreSQL does not run as
 * root, so root starts it as `postgres` or `nobody`. `port` defaults to a free one; `settings` are those of
 * postgresql.conf, such as `{ fsync: 'off' }` where nothing is measured and nothing must survive.
 */
export async function startTemporaryPostgres(
  options: { readonly port?: number; readonly settings?: Readonly<Record<string, string>> } = {},
): Promise<Result<TemporaryPostgres, string>> {
  const bin = findBinaries();
  if (bin === undefined) return refuse('no PostgreSQL server is installed (initdb and postgres were not found)');
  const user = unprivilegedUser();
  if (user === undefined) return refuse('PostgreSQL does not run as root, and there is no user postgres or nobody');
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-pg-'));
  if (user !== 'self') chownSync(folder, user.uid, user.gid);
  const identity = user === 'self' ? {} : user;
  const data = join(folder, 'data');
  const port = options.port ?? (await freePort());
  const clean = () => rm(folder, { recursive: true, force: true });

  const made = await run(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'keyturn', '-A', 'trust', '-E', 'UTF8', '-N'],
    folder,
    identity,
  );
  if (made !== undefined) {
    await clean();
    return refuse(`initdb failed: ${made}`);
  }
  const settings = Object.entries({ listen_addresses: '127.0.0.1', ...options.settings });
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-p', String(port), '-k', folder, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { cwd: folder, stdio: 'ignore', ...identity },
  );
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()));
  const killWithUs = () => void server.kill('SIGQUIT');
  process.once('exit', killWithUs);
  const stop = async () => {
    process.off('exit', killWithUs);
    // Fast shutdown: sessions are ended rather than waited for.
    server.kill('SIGINT');
    await ended;
    await clean();
  };
  const url = `postgres://keyturn@127.0.0.1:${port}/postgres`;
  if (await answers(folder, port, () => server.exitCode !== null)) return ok({ url, stop });
  await stop();
  return refuse(`PostgreSQL did not start on port ${port}`);
}

/** Debian keeps the server's programs apart from PATH. */
function findBinaries(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

function unprivilegedUser(): { readonly uid: number; readonly gid: number } | 'self' | undefined {
  if (process.getuid?.() !== 0) return 'self';
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

/** Undefined if the program succeeded, else the end of what it said. */
async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  identity: { readonly uid?: number; readonly gid?: number },
): Promise<string | undefined> {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], ...identity });
  let said = '';
  const listen = (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-500);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const code = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (status) => resolve(status ?? 'killed'));
  });
  return code === 0 ? undefined : `${code} ${said.trim()}`;
}

/** Asks on the socket in its own folder: on the port another server might answer. */
async function answers(folder: string, port: number, ended: () => boolean): Promise<boolean> {
  for (let attempt = 0; attempt < 200 && !ended(); attempt += 1) {
    const client = new Client({
      host: folder,
      port,
      user: 'keyturn',
      database: 'postgres',
      connectionTimeoutMillis: 1000,
    });
    client.on('error', () => undefined);
    const connected = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => undefined);
    if (connected) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
