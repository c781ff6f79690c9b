import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from './open-house.ts';

// From the text of OpenID AuthZEN Authorization API 1.0 (final, 11 January 2026).
let house: House;
let admin = '';
let john = '';
beforeAll(async () => {
  house = await openHouse({ settings: { policies: { default: 'deny' }, authzen: { role: 'pizzeria-chef' } } });
  [admin = '', john = ''] = await Promise.all(['admin', 'john'].map((name) => house.tokenOf(name)));
  await house.registerPizzeria();
  const rule = (name: string, action: string, expression: string) => ({
    name,
    type: 'StateEvaluation',
    action,
    expression,
  });
  const created = await house.post('/api/v1/policies', admin, {
    apiVersion: 'keyturn.dev/v1alpha1',
    kind: 'SafetyPolicy',
    metadata: { name: 'records' },
    spec: {
      rules: [
        rule('read', 'Allow', 'request.spec.action == "can_read" && principal.identity == "alice@example.com"'),
        rule('reader', 'Allow', 'request.spec.action == "can_read" && "reader" in principal.roles'),
        rule('write', 'RequireApproval', 'request.spec.action == "can_write"'),
        rule('menu', 'Allow', 'tool != null && tool.readOnly'),
      ],
    },
  });
  if (created.status !== 201) throw new Error(created.text);
});
afterAll(() => house[Symbol.asyncDispose]());

const alice = { type: 'user', id: 'alice@example.com' };
const record = (id: string) => ({ type: 'record', id });
const ask = (body: object, token = admin) => house.post('/access/v1/evaluation', token, body);
const askAll = (body: object, token = admin) => house.post('/access/v1/evaluations', token, body);
const decisions = (body: Record<string, unknown>) =>
  (body['evaluations'] as { decision: boolean }[]).map(({ decision }) => decision);

describe('the metadata (§9)', () => {
  it('says to anybody where to ask', async () => {
    const reply = await house.get('/.well-known/authzen-configuration');
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    expect(reply.body).toEqual({
      policy_decision_point: 'http://keyturn.test',
      access_evaluation_endpoint: 'http://keyturn.test/access/v1/evaluation',
      access_evaluations_endpoint: 'http://keyturn.test/access/v1/evaluations',
    });
  });
});

describe('an access evaluation (§6)', () => {
  it('of a tool is no yes where its arguments cannot be read', async () => {
    const about = (args: unknown) =>
      ask({
        subject: alice,
        action: { name: 'call' },
        resource: { type: 'tool', id: 'pizzeria-backend/get_menu_items' },
        context: { arguments: args },
      });
    expect((await about({})).body['decision']).toBe(true);
    for (const args of [['vegetarian'], 'vegetarian', null, 1]) {
      const { status, body } = await about(args);
      expect([status, body['decision'], body['context']]).toEqual([
        200,
        false,
        { error: { status: 400, message: 'context.arguments must be an object' } },
      ]);
    }
  });

  it('is a decision, and nothing but true and false is one', async () => {
    const yes = await ask({
      subject: alice,
      resource: record('account-123'),
      action: { name: 'can_read' },
      context: { time: '1985-10-26T01:22-07:00' },
    });
    expect([yes.status, yes.body['decision'], yes.body['context']]).toEqual([
      200,
      true,
      { policy_version: 'records@1' },
    ]);
    const no = await ask({
      subject: { ...alice, id: 'bob@example.com' },
      resource: record('1'),
      action: { name: 'can_read' },
    });
    expect([no.status, no.body['decision']]).toEqual([200, false]);
    expect(no.body['context']).toMatchObject({ effect: 'deny', policy_version: 'default:deny' });
  });

  it('goes by the properties of the subject', async () => {
    const subject = { type: 'user', id: 'carol', properties: { roles: ['reader'], department: 'Sales' } };
    expect(
      (await ask({ subject, resource: record('1'), action: { name: 'can_read', properties: { method: 'GET' } } })).body[
        'decision'
      ],
    ).toBe(true);
  });

  it('is no where a second key is needed, and the context says whose', async () => {
    const reply = await ask({ subject: alice, resource: record('1'), action: { name: 'can_write' } });
    expect(reply.body).toMatchObject({
      decision: false,
      context: { effect: 'needs-second-key', rule: 'records/write', approvals: { count: 1 } },
    });
  });

  it('judges tools by the catalogue, and permissions by roles', async () => {
    const tool = (id: string) => ask({ subject: alice, resource: { type: 'tool', id }, action: { name: 'call' } });
    expect((await tool('pizzeria-backend/get_menu_items')).body['decision']).toBe(true);
    expect((await tool('pizzeria-backend/place_order')).body['decision']).toBe(false);
    expect((await tool('no/such')).body).toMatchObject({ decision: false, context: { error: { status: 404 } } });
    const permission = await ask({
      subject: alice,
      resource: { type: 'permission', id: 'content.publish' },
      action: { name: 'use' },
    });
    expect(permission.body['decision']).toBe(false);
  });

  it.each([
    ['subject', { resource: record('1'), action: { name: 'x' } }],
    ['action', { subject: alice, resource: record('1') }],
    ['resource', { subject: alice, action: { name: 'x' } }],
    ['subject/id', { subject: { type: 'user' }, resource: record('1'), action: { name: 'x' } }],
    ['subject/type', { subject: { id: 'a' }, resource: record('1'), action: { name: 'x' } }],
    ['action/name', { subject: alice, resource: record('1'), action: {} }],
    ['resource/id', { subject: alice, resource: { type: 'record' }, action: { name: 'x' } }],
  ])('without %s is 400', async (_, body) => {
    expect((await ask(body)).status).toBe(400);
  });

  it('is 401 for nobody, and about others 403 for those who are not trusted to ask', async () => {
    const question = { subject: alice, resource: record('1'), action: { name: 'can_read' } };
    expect((await house.post('/access/v1/evaluation', undefined, question)).status).toBe(401);
    expect((await ask(question, john)).status).toBe(403);
    expect((await askAll({ ...question, evaluations: [{}] }, john)).status).toBe(403);
    const chef = await house.tokenOf('chef');
    expect((await ask(question, chef)).body['decision']).toBe(true);
  });

  it('about oneself is for everybody, and goes by the token, whatever the question claims', async () => {
    const id = String(JSON.parse(Buffer.from(john.split('.')[1] ?? '', 'base64url').toString())['sub']);
    const subject = { type: 'user', id, properties: { roles: ['reader'] } };
    const reply = await ask({ subject, resource: record('1'), action: { name: 'can_read' } }, john);
    expect([reply.status, reply.body['decision']]).toEqual([200, false]);
  });

  it('gives back the request id', async () => {
    const headers = { 'x-request-id': 'bfe9eb29-ab87-4ca3-be83-a1d5d8305716' };
    const body = JSON.stringify({ subject: alice, resource: record('1'), action: { name: 'can_read' } });
    const reply = await house.send('/access/v1/evaluation', { method: 'POST', token: admin, headers, body });
    expect(reply.headers.get('x-request-id')).toBe(headers['x-request-id']);
  });
});

describe('access evaluations (§7)', () => {
  const three = {
    subject: alice,
    action: { name: 'can_read' },
    evaluations: [
      { resource: record('1') },
      { action: { name: 'can_write' }, resource: record('2') },
      { resource: record('3') },
    ],
  };

  it('lean on the members at the top, in order', async () => {
    expect(decisions((await askAll(three)).body)).toEqual([true, false, true]);
  });

  it('replace a default whole and merge nothing', async () => {
    const body = {
      subject: { type: 'user', id: 'carol', properties: { roles: ['reader'] } },
      action: { name: 'can_read' },
      resource: record('1'),
      evaluations: [{}, { subject: { type: 'user', id: 'carol' } }],
    };
    expect(decisions((await askAll(body)).body)).toEqual([true, false]);
  });

  it.each([
    ['execute_all', [true, false, true]],
    ['deny_on_first_deny', [true, false]],
    ['permit_on_first_permit', [true]],
  ])('end as %s says', async (evaluations_semantic, expected) => {
    expect(decisions((await askAll({ ...three, options: { evaluations_semantic } })).body)).toEqual(expected);
  });

  it('are one evaluation where there are none', async () => {
    const single = { subject: alice, action: { name: 'can_read' }, resource: record('1') };
    expect((await askAll(single)).body['decision']).toBe(true);
    expect((await askAll({ ...single, evaluations: [] })).body['decision']).toBe(true);
    expect((await askAll({ subject: alice })).status).toBe(400);
  });

  it('answer for a question that is none among the others', async () => {
    const reply = await askAll({
      subject: alice,
      action: { name: 'can_read' },
      evaluations: [{}, { resource: record('1') }],
    });
    expect(decisions(reply.body)).toEqual([false, true]);
    expect((reply.body['evaluations'] as unknown[])[0]).toMatchObject({ context: { error: { status: 400 } } });
  });

  it('have a limit, and semantics that exist', async () => {
    const evaluations = Array.from({ length: 101 }, () => ({ resource: record('1') }));
    expect((await askAll({ ...three, evaluations })).status).toBe(400);
    expect((await askAll({ ...three, options: { evaluations_semantic: 'first_come' } })).status).toBe(400);
  });

  it('leave a row each in the audit', async () => {
    const reply = await askAll(three);
    const id = reply.headers.get('x-request-id');
    const { items } = (await house.get(`/api/v1/audit?request_id=${id}&kind=authzen.decision`, admin)).body;
    expect(
      (items as { outcome: string; target: string }[]).map(({ outcome, target }) => [outcome, target]).sort(),
    ).toEqual([
      ['allowed', 'alice@example.com can_read record:1'],
      ['allowed', 'alice@example.com can_read record:3'],
      ['refused', 'alice@example.com can_write record:2'],
    ]);
  });
});
