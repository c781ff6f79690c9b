import { DatabaseSync } from 'node:sqlite';
import { expect, it, vi } from 'vitest';
import { openHouse } from './open-house.ts';
import type { Reply } from './open-service.ts';

it('on a full disk every call fails and nothing is half done, while tokens are verified as before; then it goes on', async () => {
  // The service's own connection, whose database may be kept from growing: SQLite says of that what it says of a full disk.
  const opened = vi.spyOn(DatabaseSync.prototype, 'exec');
  await using house = await openHouse({
    settings: {
      policies: { default: 'allow' },
      requests: { agentSubjects: ['aip-agent-1'], reviewerSubjects: ['aip-reviewer-1'] },
      edge: { grpcPort: 0, audiences: ['keyturn'] },
    },
  });
  const writer = opened.mock.contexts
    .filter((one) => one instanceof DatabaseSync)
    .find((one) => one.location()?.endsWith('keyturn.db'));
  opened.mockRestore();
  if (writer === undefined) throw new Error('the service opened no database');
  const [john, agent] = [await house.tokenOf('john'), await house.tokenOfClient('aip-agent-1')];
  const ask = (): Promise<Reply> =>
    house.post('/agent-requests', agent, { action: 'look', targetURI: 'k8s://x', reason: 'x'.repeat(2000) });
  const check = async (token: string): Promise<number> => (await house.get('/edge/envoy/anything', token)).status;
  expect([(await ask()).status, await check(john), await check(`${john}x`)]).toEqual([201, 200, 401]);

  const pages = writer.prepare('pragma page_count').get()?.['page_count'];
  writer.exec(`pragma max_page_count = ${String(pages)}`);
  // What room the last pages still have is soon taken.
  let full: Reply | undefined;
  let stored = 1;
  for (let i = 0; i < 200 && full === undefined; i += 1) {
    const reply = await ask();
    if (reply.status === 201) stored += 1;
    else full = reply;
  }
  expect(full?.status, full?.text).toBeGreaterThanOrEqual(500);
  expect(full?.text).not.toContain('SQLITE');
  // A token that is known and one that was never seen, a good one and a bad one.
  expect([await check(john), await check(await house.tokenOf('jane')), await check(`${john}y`)]).toEqual([
    200, 200, 401,
  ]);

  writer.exec('pragma max_page_count = 1073741823');
  expect((await ask()).status).toBe(201);
  const rows = (await house.audit()).filter((row) => 'kind' in row && row.kind === 'request.create');
  const created = rows.filter(
    (row) => 'outcome' in row && row.outcome === 'allowed' && 'facts' in row && String(row.facts).includes('"to"'),
  );
  const { items } = (await house.get('/agent-requests?limit=200', agent)).body;
  // Of each request its row, of each row its request.
  expect(Array.isArray(items) ? items.length : 0).toBe(created.length);
  expect(created.length).toBeGreaterThan(stored);
});
