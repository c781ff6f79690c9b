import { randomBytes } from 'node:crypto';
import { verifyExport } from '@keyturn/store';
import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from './open-house.ts';

let house: House;
let auditor = '';
let admin = '';
let john = '';
beforeAll(async () => {
  house = await openHouse({
    settings: {
      seal: { key: randomBytes(32).toString('base64') },
      audit: { revealArguments: { 'pizzeria-backend/*': ['body'] } },
      policies: { default: 'allow' },
    },
  });
  [auditor = '', admin = '', john = ''] = await Promise.all(
    ['auditor', 'admin', 'john'].map((name) => house.tokenOf(name)),
  );
  await house.registerPizzeria();
});
afterAll(() => house[Symbol.asyncDispose]());

const order = (
  given: object = { 'Idempotency-Key': 'a-secret-key-1', body: { items: [{ id: 'marinara', count: 2 }] } },
) => house.post('/api/v1/tools/execute', john, { tool_id: 'pizzeria-backend/place_order', arguments: given });
const rowsOf = async (query: string, token = auditor): Promise<readonly JsonObject[]> => {
  const { items } = (await house.get(`/api/v1/audit${query}`, token)).body;
  return Array.isArray(items) ? items.filter(isJsonObject) : [];
};
const exported = async () => (await house.get('/api/v1/audit/export', auditor)).text.split('\n');

describe('the audit', () => {
  it('says who did what with what outcome by which policies, and no argument that no rule reveals', async () => {
    const reply = await order();
    const id = reply.headers.get('x-request-id');
    const [row] = await rowsOf(`?request_id=${id}`);
    expect(row).toMatchObject({
      kind: 'tool.call',
      action: 'call',
      target: 'pizzeria-backend/place_order',
      outcome: 'allowed',
      actor: { client: 'agent', issuer: house.issuer },
      facts: {
        policy_version: 'default:allow',
        arguments: { body: { items: [{ id: 'marinara', count: 2 }] } },
        arguments_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    });
    expect(JSON.stringify(row)).not.toContain('a-secret-key');
    const [again] = await rowsOf(
      `?request_id=${(await order({ body: { items: [{ count: 2, id: 'marinara' }] }, 'Idempotency-Key': 'a-secret-key-1' })).headers.get('x-request-id')}`,
    );
    const hashOf = (one: JsonObject | undefined) =>
      isJsonObject(one?.['facts']) ? one['facts']['arguments_sha256'] : undefined;
    expect(hashOf(again)).toBe(hashOf(row));
  });

  it('is found by time, actor, client, action, target and outcome, and read in pages', async () => {
    await order();
    const [row] = await rowsOf('?kind=tool.call&limit=1');
    const identity = isJsonObject(row?.['actor']) ? row['actor']['identity'] : undefined;
    const actor = typeof identity === 'string' ? identity : '';
    expect(
      (await rowsOf(`?actor=${actor}&client=agent&action=call&target=pizzeria-backend/place_order&outcome=allowed`))
        .length,
    ).toBeGreaterThan(0);
    expect(await rowsOf('?actor=nobody')).toEqual([]);
    expect(await rowsOf('?from=2999-01-01T00:00:00Z')).toEqual([]);
    const first = await house.get('/api/v1/audit?limit=2', auditor);
    expect(first.body['items']).toHaveLength(2);
    const next = await house.get(`/api/v1/audit?limit=2&after=${String(first.body['next'])}`, auditor);
    expect(next.body['items']).not.toEqual(first.body['items']);
  });

  it.each(['?limit=0', '?limit=x', '?outcome=maybe', '?from=yesterday', '?after=x', '?nonsense=1', '?actor='])(
    'refuses a question that it cannot answer: %s',
    async (query) => {
      const reply = await house.get(`/api/v1/audit${query}`, auditor);
      expect([reply.status, reply.body['code']]).toEqual([400, 'invalid_request']);
    },
  );

  it('is for auditors and administrators', async () => {
    expect((await house.get('/api/v1/audit', john)).status).toBe(403);
    expect((await house.get('/api/v1/audit/export', john)).status).toBe(403);
    expect((await house.get('/api/v1/audit', admin)).status).toBe(200);
  });

  it('records a change of a policy in the transaction of the change, and a read of the audit too', async () => {
    const policy = {
      apiVersion: 'keyturn.dev/v1alpha1',
      kind: 'SafetyPolicy',
      metadata: { name: 'guard' },
      spec: { rules: [{ name: 'r', type: 'StateEvaluation', action: 'Deny', expression: 'false' }] },
    };
    const created = await house.post('/api/v1/policies', admin, policy);
    const rows = await rowsOf(`?request_id=${created.headers.get('x-request-id')}`);
    expect(rows.filter(({ facts }) => isJsonObject(facts) && facts['version'] === 1)).toHaveLength(1);
    expect((await rowsOf('?kind=audit.list')).length).toBeGreaterThan(0);
  });

  it('is exported with signed checkpoints, and verified with the keys that are served to anybody', async () => {
    await order();
    const keys = (await house.get('/api/v1/audit/keys')).body['keys'];
    const found = await verifyExport(await exported(), { keys: Array.isArray(keys) ? keys.filter(isJsonObject) : [] });
    expect(found).toMatchObject({ ok: true, value: { partial: false, chains: 1 } });
    expect(found.ok && found.value.checkpoints).toBeGreaterThan(0);
  });

  it('shows where somebody has been at the database', async () => {
    await exported();
    house.tamper(`update audit_events set outcome = 'refused' where seq = 2`);
    expect(await verifyExport(await exported())).toMatchObject({ ok: false, refusal: { why: 'altered', seq: 2 } });
    house.tamper(`update audit_events set outcome = 'allowed' where seq = 2`);
    expect(await verifyExport(await exported())).toMatchObject({ ok: true });
    house.tamper(
      'create table kept as select * from audit_events where seq = 3; delete from audit_events where seq = 3',
    );
    expect(await verifyExport(await exported())).toMatchObject({ ok: false, refusal: { why: 'missing', seq: 3 } });
    house.tamper('insert into audit_events select * from kept; drop table kept');
    expect(await verifyExport(await exported())).toMatchObject({ ok: true });
  });

  it('lets no answer leave that it could not record, while tokens are still told apart', async () => {
    expect((await order()).status).toBe(200);
    house.tamper(
      `create trigger full before insert on audit_events begin select raise(abort, 'database or disk is full'); end`,
    );
    const reply = await order();
    expect([reply.status, reply.body['code'], reply.headers.get('retry-after')]).toEqual([
      503,
      'audit_unavailable',
      '10',
    ]);
    expect(reply.text).not.toContain('marinara');
    expect((await house.get('/api/v1/tools', 'no.such.token')).status).toBe(401);
    house.tamper('drop trigger full');
    expect((await order()).status).toBe(200);
    expect(await verifyExport(await exported())).toMatchObject({ ok: true });
  });
});
