import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from './open-house.ts';

let house: House;
let admin: string;
let john: string;
beforeAll(async () => {
  house = await openHouse({ settings: { policies: { default: 'allow' } } });
  admin = await house.tokenOf('admin');
  john = await house.tokenOf('john');
  await house.registerPizzeria();
});
afterAll(() => house[Symbol.asyncDispose]());
afterEach(async () => {
  const { items } = (await house.get('/api/v1/policies', admin)).body as { items: { metadata: { name: string } }[] };
  for (const { metadata } of items) {
    await house.send(`/api/v1/policies/${metadata.name}`, { method: 'DELETE', token: admin });
  }
});

const policy = (name: string, rules: object[], spec: object = {}) => ({
  apiVersion: 'keyturn.dev/v1alpha1',
  kind: 'SafetyPolicy',
  metadata: { name },
  spec: { ...spec, rules },
});
const rule = (action: string, expression: string, more: object = {}) => ({
  name: 'r',
  type: 'StateEvaluation',
  action,
  expression,
  ...more,
});
const create = (body: unknown, token = admin) => house.post('/api/v1/policies', token, body);
const order = (more: object = {}, token = john) =>
  house.post('/api/v1/tools/execute', token, { tool_id: 'pizzeria-backend/get_menu_items', arguments: {}, ...more });

describe('policies over the API', () => {
  it('are created, read, replaced, switched, listed with every version, and removed', async () => {
    const created = await create(policy('guard', [rule('Deny', 'args.vegetarian == true')]));
    expect([created.status, created.headers.get('location'), created.headers.get('etag')]).toEqual([
      201,
      '/api/v1/policies/guard',
      '"1"',
    ]);
    expect(created.body).toMatchObject({
      metadata: { name: 'guard', generation: 1 },
      spec: { failureMode: 'FailClosed' },
    });
    const put = await house.send('/api/v1/policies/guard', {
      method: 'PUT',
      token: admin,
      body: JSON.stringify(policy('guard', [rule('Deny', 'false')])),
    });
    expect([put.status, put.headers.get('etag')]).toEqual([200, '"2"']);
    const patched = await house.send('/api/v1/policies/guard', {
      method: 'PATCH',
      token: admin,
      body: JSON.stringify({ mode: 'Observe' }),
    });
    expect(patched.body).toMatchObject({ metadata: { generation: 3 }, spec: { mode: 'Observe' } });
    const versions = (await house.get('/api/v1/policies/guard/versions', admin)).body['items'] as { version: number }[];
    expect(versions.map(({ version }) => version)).toEqual([3, 2, 1]);
    expect((await house.send('/api/v1/policies/guard', { method: 'DELETE', token: admin })).status).toBe(204);
    expect((await house.get('/api/v1/policies/guard', admin)).body['code']).toBe('unknown_policy');
  });

  it('are taken and given in YAML', async () => {
    const text = [
      'apiVersion: keyturn.dev/v1alpha1',
      'kind: SafetyPolicy',
      'metadata: {name: night}',
      'spec:',
      '  rules:',
      '    - {name: r, type: StateEvaluation, action: Deny, expression: "false"}',
    ].join('\n');
    const headers = { 'content-type': 'application/yaml', accept: 'application/yaml' };
    const created = await house.send('/api/v1/policies', { method: 'POST', token: admin, headers, body: text });
    expect(created.status).toBe(201);
    expect(created.text).toContain('kind: SafetyPolicy');
    const twice = await house.send('/api/v1/policies', {
      method: 'POST',
      token: admin,
      headers,
      body: `${text}\nkind: X`,
    });
    expect([twice.status, twice.body['code']]).toEqual([400, 'invalid_request']);
    const bomb = `a: &a [1,1]\nb: &b [*a,*a]\nc: [*b,*b]`;
    expect((await house.send('/api/v1/policies', { method: 'POST', token: admin, headers, body: bomb })).status).toBe(
      400,
    );
  });

  it('are refused with the rule, the line and a caret where an expression is wrong', async () => {
    const reply = await create(policy('guard', [rule('Deny', 'true &&\n  request.spec.acton == "x"')]));
    expect([reply.status, reply.body['code']]).toEqual([422, 'invalid_policy']);
    expect(reply.body['detail']).toContain('CEL type-check failed: rule "r": No such key: acton');
    expect(reply.body['errors']).toMatchObject([
      {
        field: '/spec/rules/0/expression',
        rule: 'r',
        line: 2,
        column: 16,
        frame: '   2 |   request.spec.acton == "x"\n                      ^',
      },
    ]);
    expect((await house.get('/api/v1/policies', admin)).body['items']).toEqual([]);
  });

  it('are for administrators', async () => {
    for (const reply of [
      await create(policy('guard', [rule('Deny', 'true')]), john),
      await house.get('/api/v1/policies', john),
      await house.post('/api/v1/policies/simulate', john, {}),
      await house.post('/api/v1/agents/x/kill', john, {}),
    ]) {
      expect([reply.status, reply.body['code']]).toEqual([403, 'forbidden']);
    }
  });

  it('are not changed by somebody who has read an older version', async () => {
    await create(policy('fresh', [rule('Deny', 'false')]));
    const late = await house.send('/api/v1/policies/fresh', {
      method: 'PUT',
      token: admin,
      headers: { 'if-match': '"7"' },
      body: JSON.stringify(policy('fresh', [rule('Deny', 'true')])),
    });
    expect([late.status, late.body['code'], late.body['version']]).toEqual([409, 'policy_changed', 1]);
  });

  it('are changed and removed under a condition only where it holds, and a condition that nobody can read does not', async () => {
    await create(policy('held', [rule('Deny', 'false')]));
    const body = JSON.stringify(policy('held', [rule('Deny', 'true')]));
    const change = async (method: string, tag: string, path = '/api/v1/policies/held') =>
      (
        await house.send(path, {
          method,
          token: admin,
          headers: { 'if-match': tag },
          ...(method === 'PUT' ? { body } : method === 'PATCH' ? { body: '{"mode":"Disabled"}' } : {}),
        })
      ).status;
    for (const tag of ['"2"', 'junk', '"-1"', '"1e0"', 'W/"1"', '"1", "2"', '']) {
      for (const method of ['PUT', 'PATCH', 'DELETE'])
        expect([method, tag, await change(method, tag)]).toEqual([method, tag, 409]);
    }
    expect(await change('PUT', '*')).toBe(200);
    expect(await change('PATCH', '*')).toBe(200);
    expect(await change('DELETE', '"3"')).toBe(204);
    expect(await change('PUT', '*'), 'there is none any more').toBe(409);
  });

  it('refuse a body that two readers read differently', async () => {
    const reply = await create('{"kind":"SafetyPolicy","kind":"Other"}');
    expect([reply.status, reply.body['detail']]).toEqual([
      400,
      'The body names the member "kind" twice in one object (at character 24).',
    ]);
  });
});

describe('a tool call under policies', () => {
  it('is allowed, denied with the message of the rule, and recorded with the version that decided', async () => {
    expect((await order()).status).toBe(200);
    await create(
      policy('menu', [
        rule('Deny', 'tool.id == "pizzeria-backend/get_menu_items" && has(args.vegetarian)', { message: 'No salad.' }),
      ]),
    );
    expect((await order()).status).toBe(200);
    const denied = await order({ arguments: { vegetarian: true } });
    expect([denied.status, denied.body['detail']]).toEqual([403, 'No salad.']);
    const rows = (await house.audit()) as { kind: string; outcome: string; facts: string | null }[];
    const last = rows.filter(({ kind }) => kind === 'tool.call').at(-1);
    expect([last?.outcome, JSON.parse(last?.facts ?? '{}')['policy_version']]).toEqual(['refused', 'menu@1']);
  });

  it('is watched and not stopped by a policy that observes, and not even that by one that is disabled', async () => {
    await create(policy('menu', [rule('Deny', 'true')], { mode: 'Observe' }));
    expect((await order()).status).toBe(200);
    const rows = (await house.audit()) as { kind: string; facts: string | null }[];
    const { facts } = rows.filter(({ kind }) => kind === 'tool.call').at(-1) ?? {};
    expect(JSON.parse(facts ?? '{}')).toMatchObject({
      policy_version: 'default:allow',
      observed: [expect.stringMatching(/^menu@\d+\/r: Deny$/)],
    });
    const simulated = await house.post('/api/v1/policies/simulate', admin, { tool: 'pizzeria-backend/get_menu_items' });
    expect(simulated.body).toMatchObject({
      effect: 'allow',
      rules: [{ policy: 'menu', observed: true, outcome: 'matched' }],
    });
    await house.send('/api/v1/policies/menu', { method: 'PATCH', token: admin, body: '{"mode":"Disabled"}' });
    expect((await house.post('/api/v1/policies/simulate', admin, {})).body['rules']).toEqual([]);
  });

  it('is limited, per agent, in a sliding window', async () => {
    const config = { limit: 2, window: '1m', per: ['agent', 'target'] };
    await create(policy('limit', [{ name: 'r', type: 'RateLimit', action: 'Deny', message: 'Slow down.', config }]));
    expect([(await order()).status, (await order()).status, (await order()).status]).toEqual([200, 200, 403]);
    expect((await order({}, await house.tokenOf('chef'))).status).toBe(200);
    house.advance(61);
    john = await house.tokenOf('john');
    admin = await house.tokenOf('admin');
    expect((await order()).status).toBe(200);
  });

  it('fails closed where an expression cannot be evaluated, unless the policy says otherwise', async () => {
    await create(policy('broken', [rule('Allow', 'args.missing == 1')]));
    expect((await order()).body['detail']).toContain('could not be evaluated');
    await house.send('/api/v1/policies/broken', {
      method: 'PUT',
      token: admin,
      body: JSON.stringify(policy('broken', [rule('Allow', 'args.missing == 1')], { failureMode: 'FailOpen' })),
    });
    expect((await order()).status).toBe(200);
  });

  it('asks for a second key where a rule says so', async () => {
    await create(policy('keys', [rule('RequireApproval', 'true', { message: 'Two keys.' })]));
    const reply = await order();
    expect(['approval_required', 'second_key_needed']).toContain(reply.body['code']);
  });

  it('is simulated with drafts in place of what is there, with the values that were read', async () => {
    await create(policy('tried', [rule('Deny', 'false')]));
    const reply = await house.post('/api/v1/policies/simulate', admin, {
      principal: { identity: 'agent-7', roles: ['ops'] },
      tool: 'pizzeria-backend/get_menu_items',
      args: { vegetarian: true },
      now: '2026-11-23T10:00:00Z',
      policies: [policy('tried', [rule('RequireApproval', 'args.vegetarian && "ops" in principal.roles')])],
    });
    expect(reply.body).toMatchObject({
      effect: 'needs-second-key',
      rule: 'tried/r',
      policy_version: 'tried@2',
      default: 'allow',
      approvals: { from: [], count: 1, within: 3600 },
      rules: [
        {
          policy: 'tried',
          version: 2,
          outcome: 'matched',
          values: { 'args.vegetarian': true, 'principal.roles': '["ops"]' },
        },
      ],
    });
    const bad = await house.post('/api/v1/policies/simulate', admin, { policies: [{ kind: 'x' }] });
    expect([bad.status, bad.body['code']]).toEqual([400, 'invalid_request']);
    expect((await house.post('/api/v1/policies/simulate', admin, { tool: 'no/such' })).status).toBe(400);
  });
});

describe('the kill switch', () => {
  it('stops everything that an agent asks, at once, and nothing else', async () => {
    const chef = await house.tokenOf('chef');
    const identity = (await house.get('/api/v1/agents', admin)).status === 200 ? subjectOf(chef) : '';
    const killed = await house.post(`/api/v1/agents/${identity}/kill`, admin, {
      reason: 'It orders for the whole town.',
    });
    expect(killed.body).toMatchObject({ agent: identity, state: 'killed', reason: 'It orders for the whole town.' });
    const refused = await order({}, chef);
    expect([refused.status, refused.body['detail']]).toEqual([
      403,
      `The agent ${identity} has been stopped: It orders for the whole town.`,
    ]);
    expect((await house.get('/api/v1/tools', chef)).status).toBe(403);
    expect((await order()).status).toBe(200);
    expect((await house.get('/api/v1/agents', admin)).body['killed']).toMatchObject([{ agent: identity }]);
    expect((await house.post(`/api/v1/agents/${identity}/revive`, admin, {})).body['state']).toBe('alive');
    expect((await order({}, chef)).status).toBe(200);
  });

  it('cannot be turned on oneself, nor on what is no name', async () => {
    expect((await house.post(`/api/v1/agents/${subjectOf(admin)}/kill`, admin, {})).status).toBe(400);
    expect((await house.post(`/api/v1/agents/${subjectOf(admin).toUpperCase()}/kill`, admin, {})).status).toBe(400);
    for (const id of ['a\nb', '\u202ea', 'ktn_abc', 'eyJabc', 'x'.repeat(201)]) {
      expect([id, (await house.post(`/api/v1/agents/${encodeURIComponent(id)}/kill`, admin, {})).status]).toEqual([
        id,
        400,
      ]);
    }
  });

  it('is turned by any name that an agent may have, in any spelling, and back', async () => {
    const chef = await house.tokenOf('chef');
    const loud = subjectOf(chef).toUpperCase();
    const id = encodeURIComponent('Agent für Rückläufer');
    for (const [path, name] of [
      [loud, loud],
      [id, 'Agent für Rückläufer'],
    ] as const) {
      expect((await house.post(`/api/v1/agents/${path}/kill`, admin, {})).body).toMatchObject({
        agent: name,
        state: 'killed',
      });
    }
    expect((await order({}, chef)).status).toBe(403);
    expect((await house.post(`/api/v1/agents/${id}/revive`, admin, {})).status).toBe(200);
    expect((await house.post(`/api/v1/agents/${subjectOf(chef)}/revive`, admin, {})).status).toBe(200);
    expect((await house.get('/api/v1/agents', admin)).body['killed']).toEqual([]);
    expect((await order({}, chef)).status).toBe(200);
  });
});

describe('the default without a match', () => {
  it('is denial in production, of what no policy allows', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keyturn-policies-'));
    const allow = policy('allow-menu', [rule('Allow', 'tool.name == "get_menu_items"')]);
    await writeFile(join(folder, 'allow.yaml'), `---\n${JSON.stringify(allow)}\n---\n`);
    await using strict = await openHouse({ settings: { policies: { path: folder } } });
    await strict.registerPizzeria();
    const token = await strict.tokenOf('john');
    const call = (tool_id: string) => strict.post('/api/v1/tools/execute', token, { tool_id, arguments: {} });
    expect((await call('pizzeria-backend/get_menu_items')).status).toBe(200);
    expect((await call('pizzeria-backend/who_am_i')).body).toMatchObject({
      status: 403,
      detail: 'No policy allows this, and what no policy allows is denied.',
    });
    await rm(folder, { recursive: true });
  });

  it('keeps a service with a faulty policy file from starting, and says which and where', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keyturn-policies-'));
    await writeFile(join(folder, 'bad.yaml'), JSON.stringify(policy('p', [rule('Deny', 'request.spec.acton == ""')])));
    await expect(openHouse({ settings: { policies: { path: folder } } })).rejects.toThrow(
      /bad\.yaml.*No such key: acton/,
    );
    await rm(folder, { recursive: true });
  });
});

function subjectOf(token: string): string {
  return String(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())['sub']);
}
