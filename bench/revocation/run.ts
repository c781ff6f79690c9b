import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCable } from '@keyturn/conformance/edge/cable';
import { seedRealm } from '@keyturn/conformance/edge/realm';
import { freePorts } from '@keyturn/conformance/parts/ports';
import { openPostgres } from '@keyturn/conformance/parts/postgres';
import { startProcess, waitFor } from '@keyturn/conformance/parts/process';
import { startTestIdp } from '@keyturn/idp/testing';
import { formatTable, median } from '../parts/statistics.ts';

/** Milliseconds from the answer to the DELETE until every replica refuses; seconds until a replica cut off refuses. */
const aims = { everywhere: 1000, deaf: 11 };

/**
 * How long a revoked token lives on: three replicas on one PostgreSQL, each asked about the token all the time, revoked at
 * one of them; then the same while one replica's notifications are lost, and a replica that is cut off from the database.
 */
export async function run(): Promise<{ line: string; ok: boolean }> {
  const rounds = process.env['BENCH_QUICK'] === undefined ? 20 : 5;
  const opened: (() => Promise<unknown>)[] = [];
  try {
    const ports = await freePorts('one', 'two', 'three', 'm1', 'm2', 'm3');
    const idp = await startTestIdp({ volundr: seedRealm('volundr', ['http://127.0.0.1:1']) });
    opened.push(() => idp.close());
    const postgres = await openPostgres();
    opened.push(() => postgres.stop());
    const cable = await openCable(new URL(postgres.url));
    opened.push(() => cable.close());
    const folder = await mkdtemp(join(tmpdir(), 'keyturn-bench-revocation-'));
    opened.push(() => rm(folder, { recursive: true, force: true }));
    const start = async (port: number, management: number, database: string): Promise<string> => {
      const running = startProcess(
        process.execPath,
        [join(import.meta.dirname, '..', '..', 'packages/cli/src/main.ts'), 'serve'],
        {
          cwd: folder,
          env: {
            KEYCLOAK_ISSUER: idp.issuer('volundr'),
            KEYTURN_AUTH__AUDIENCES: 'volundr-api',
            KEYTURN_HTTP__PORT: String(port),
            KEYTURN_MANAGEMENT__PORT: String(management),
            KEYTURN_STORE__URL: database,
            KEYTURN_PAT__KIND: 'jwt',
            PAT__TOKEN_ISSUER_KWARGS__CLIENT_ID: 'volundr-pat-issuer',
            PAT__TOKEN_ISSUER_KWARGS__CLIENT_SECRET: 'volundr-pat-issuer-secret',
            KEYTURN_EDGE__GRPC_PORT: '0',
            LOG_LEVEL: 'error',
          },
        },
      );
      opened.push(() => running.stop('SIGKILL'));
      await waitFor(`http://127.0.0.1:${management}/health/ready`, running, { seconds: 60 });
      return `http://127.0.0.1:${port}`;
    };
    const replicas = [
      await start(ports.one, ports.m1, postgres.url),
      await start(ports.two, ports.m2, postgres.url),
      await start(ports.three, ports.m3, cable.url),
    ];
    const [first = '', , last = ''] = replicas;
    const login = await idp.token('volundr', {
      grant_type: 'password',
      client_id: 'web',
      username: 'john',
      password: 'john',
    });
    const ask = (url: string, method: string, token: string, body?: object) =>
      fetch(url, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const make = async (name: string): Promise<{ id: string; token: string }> =>
      (await (await ask(`${first}/api/v1/users/tokens`, 'POST', login, { name, kind: 'jwt' })).json()) as {
        id: string;
        token: string;
      };
    const check = async (replica: string, token: string): Promise<number> => {
      const answer = await ask(`${replica}/edge/envoy/x`, 'GET', token);
      await answer.arrayBuffer();
      return answer.status;
    };
    const until = async (replica: string, token: string, status: number): Promise<number> => {
      const startedAt = performance.now();
      while ((await check(replica, token)) !== status) {
        if (performance.now() - startedAt > 30_000) throw new Error(`${replica} never answered ${status}`);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      return performance.now() - startedAt;
    };

    const took: number[][] = replicas.map(() => []);
    for (let round = 0; round < rounds; round++) {
      const { id, token } = await make(`round ${round}`);
      for (const replica of replicas) await until(replica, token, 200);
      const revoked = await ask(`${first}/api/v1/users/tokens/${id}`, 'DELETE', login);
      if (revoked.status !== 204) throw new Error(`DELETE answered ${revoked.status}`);
      const times = await Promise.all(replicas.map((replica) => until(replica, token, 401)));
      for (const [i, time] of times.entries()) took[i]?.push(time);
    }

    const cut = await make('cut');
    await until(last, cut.token, 200);
    cable.cut();
    await ask(`${first}/api/v1/users/tokens/${cut.id}`, 'DELETE', login);
    const deaf = (await until(last, cut.token, 503)) / 1000;
    cable.mend();
    const back = (await until(last, cut.token, 401)) / 1000;

    console.log(
      formatTable([
        ['replica', 'median ms', 'slowest ms'],
        ...took.map((times, i) => [
          i === 0 ? 'the one that revokes' : `another (${i + 1})`,
          median(times).toFixed(1),
          Math.max(...times).toFixed(1),
        ]),
      ]),
    );
    const slowest = Math.max(...took.flat());
    return {
      ok: slowest <= aims.everywhere && deaf <= aims.deaf,
      line: `revocation: ${rounds} rounds over 3 replicas on PostgreSQL: median ${median(took.flat()).toFixed(0)} ms, slowest ${slowest.toFixed(0)} ms (aim ${aims.everywhere}); cut off: refuses after ${deaf.toFixed(1)} s (aim ${aims.deaf}), knows again ${back.toFixed(1)} s after the network is back`,
    };
  } finally {
    for (const end of opened.reverse()) await end();
  }
}
