import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from '../house/open-house.ts';

/** Destructive things in the pizzeria need a reviewer; so does scaling down in production. */
const policy = {
  apiVersion: 'governance.aip.io/v1alpha1',
  kind: 'SafetyPolicy',
  metadata: { name: 'guard' },
  spec: {
    rules: [
      {
        name: 'production',
        type: 'StateEvaluation',
        action: 'RequireApproval',
        expression: 'request.spec.action == "scale-down" && request.spec.target.uri.startsWith("k8s://prod")',
        message: 'Production needs a second key.',
      },
      {
        name: 'destructive',
        type: 'StateEvaluation',
        action: 'RequireApproval',
        expression: 'tool != null && tool.name == "place_order"',
        message: 'Pizza needs a second key.',
      },
      {
        name: 'never',
        type: 'StateEvaluation',
        action: 'Deny',
        expression: 'request.spec.action == "delete"',
        message: 'Nothing is deleted.',
      },
      {
        name: 'restarts',
        type: 'StateEvaluation',
        action: 'RequireApproval',
        expression: 'request.spec.action == "restart"',
      },
      {
        name: 'few-restarts',
        type: 'RateLimit',
        action: 'Deny',
        expression: 'request.spec.action == "restart"',
        message: 'Twice an hour is enough.',
        config: { limit: 2, window: '1h', per: ['agent', 'action'] },
      },
    ],
  },
};

describe('the gateway of seed 001', () => {
  let house: House;
  let agent: string;
  let reviewer: string;
  beforeAll(async () => {
    house = await openHouse({
      settings: {
        policies: { default: 'allow' },
        requests: { agentSubjects: ['aip-agent-1'], reviewerSubjects: ['aip-reviewer-1'] },
      },
    });
    [agent, reviewer] = [await house.tokenOfClient('aip-agent-1'), await house.tokenOfClient('aip-reviewer-1')];
    await house.registerPizzeria();
    const made = await house.post('/api/v1/policies', await house.tokenOf('admin'), policy);
    if (made.status !== 201) throw new Error(made.text);
  });
  afterAll(() => house[Symbol.asyncDispose]());

  const ask = (token: string | undefined, more: object = {}) =>
    house.post('/agent-requests', token, {
      agentIdentity: 'aip-agent-1',
      action: 'scale-down',
      targetURI: 'k8s://prod/default/deployment/payment-api',
      reason: 'scheduled maintenance window',
      ...more,
    });
  const decide = (verb: string, name: unknown, token: string, body: object = {}) =>
    house.post(`/agent-requests/${String(name)}/${verb}`, token, body);

  describe('POST /agent-requests', () => {
    it('answers 201 with name, phase and conditions', async () => {
      const free = await ask(agent, { targetURI: 'k8s://dev/default/deployment/payment-api' });
      expect(free.status).toBe(201);
      expect(free.body['name']).toMatch(/^aip-agent-1-[a-z0-9]{8}$/);
      expect(free.body).toMatchObject({ phase: 'Approved', agentIdentity: 'aip-agent-1' });
      expect(free.headers.get('location')).toBe(`/agent-requests/${String(free.body['name'])}`);
      const late = await decide('approve', free.body['name'], reviewer);
      expect(late.status).toBe(409);
      expect(late.body['error']).toBe('request is in phase "Approved" — can only approve/deny when Pending');
      expect(await ask(agent, { action: 'delete' })).toMatchObject({ status: 201, body: { phase: 'Denied' } });
    });

    it('answers 401 without a token, with a broken one, and with one for others', async () => {
      expect((await ask(undefined)).status).toBe(401);
      expect((await ask('x.y.z')).body).toMatchObject({ status: 401, error: 'invalid token' });
      const deaf = await ask(await house.tokenOfClient('aip-deaf-1'));
      expect(deaf.status).toBe(401);
      expect(deaf.text).toContain('aud claim does not match');
    });

    it('answers 403 to whoever is no agent, and to a body that claims another identity', async () => {
      const strange = await ask(reviewer, { agentIdentity: 'aip-reviewer-1' });
      expect([strange.status, strange.body['error']]).toEqual([403, 'agent role required']);
      expect((await ask(agent, { agentIdentity: 'aip-agent-2' })).body['code']).toBe('identity_mismatch');
      // John logged in through a client: his token names it as azp, and he is not it.
      expect((await ask(await house.tokenOf('john'), { agentIdentity: undefined })).status).toBe(403);
    });

    it('answers 400 to what is no request, and to JSON that two readers read differently', async () => {
      expect((await ask(agent, { targetURI: undefined })).status).toBe(400);
      expect((await ask(agent, { colour: 'red' })).status).toBe(400);
      const twice = '{"action":"x","targetURI":"k8s://dev/a","parameters":{"to":1,"to":2}}';
      expect((await house.post('/agent-requests', agent, twice)).status).toBe(400);
    });

    it('answers 400 to NUL wherever a database might not hold it', async () => {
      for (const more of [
        { action: 'a\0' },
        { targetURI: 'k8s://\0' },
        { targetURI: undefined, target: { uri: 'k8s://\0' } },
        { correlationID: '\0' },
      ]) {
        const { status, body } = await ask(agent, more);
        expect([status, body['code'], more]).toEqual([400, 'invalid_request', more]);
      }
      for (const path of ['/agent-requests/%00', '/agent-requests?correlationID=%00', '/api/v1/policies/a%00']) {
        expect([path, (await house.get(path, reviewer)).status]).toEqual([path, 400]);
      }
    });
  });

  describe('a request that waits', () => {
    it('is approved by a reviewer, executed and completed by its agent, each once', async () => {
      const { body } = await ask(agent);
      expect(body).toMatchObject({ phase: 'Pending', approvals: { required: 1, given: [] } });
      const name = body['name'];
      expect((await decide('approve', name, agent)).body['error']).toBe('reviewer role required');
      expect((await decide('executing', name, agent)).status).toBe(409);
      const approved = await decide('approve', name, reviewer, { reason: 'approved for maintenance window' });
      expect(approved).toMatchObject({ status: 200, body: { phase: 'Approved' } });
      expect((await decide('executing', name, reviewer)).status).toBe(403);
      expect(await decide('executing', name, agent)).toMatchObject({ status: 200, body: { phase: 'Executing' } });
      expect((await decide('executing', name, agent)).status).toBe(409);
      expect(await decide('completed', name, agent)).toMatchObject({ status: 200, body: { phase: 'Completed' } });
    });

    it('counts against a limit once, when it is asked, though people have to approve it', async () => {
      const phases: unknown[] = [];
      for (let turn = 0; turn < 3; turn += 1) {
        const { body } = await ask(agent, { action: 'restart' });
        phases.push(body['phase']);
        await decide('approve', body['name'], reviewer);
        // Executing it is judged again, and counted no more.
        if (body['phase'] === 'Pending') expect((await decide('executing', body['name'], agent)).status).toBe(200);
      }
      expect(phases).toEqual(['Pending', 'Pending', 'Denied']);
    });

    it('is denied with a reason, or cancelled by whoever asked', async () => {
      const [one, other] = [(await ask(agent)).body['name'], (await ask(agent)).body['name']];
      const denied = await decide('deny', one, reviewer, { reason: '<b>no</b>' });
      expect(denied.body).toMatchObject({ phase: 'Denied', denial: { code: 'APPROVAL_DENIED', message: '<b>no</b>' } });
      expect((await decide('cancel', other, reviewer)).status).toBe(403);
      expect((await decide('cancel', other, agent)).body).toMatchObject({ phase: 'Cancelled' });
    });

    it('is void when policy denies it by the time it is executed', async () => {
      const { body } = await ask(agent, { reason: 'race' });
      await decide('approve', body['name'], reviewer);
      const admin = await house.tokenOf('admin');
      const stricter = structuredClone(policy);
      stricter.spec.rules[0] = { ...policy.spec.rules[0], action: 'Deny' } as (typeof policy.spec.rules)[0];
      const put = (given: object) =>
        house.send('/api/v1/policies/guard', { method: 'PUT', token: admin, body: JSON.stringify(given) });
      expect((await put(stricter)).status).toBe(200);
      expect((await decide('executing', body['name'], agent)).body['error']).toContain('POLICY_VIOLATION');
      expect((await put(policy)).status).toBe(200);
      expect((await decide('executing', body['name'], agent)).status).toBe(409);
      expect((await house.get(`/agent-requests/${String(body['name'])}`, agent)).body).toMatchObject({
        phase: 'Cancelled',
      });
    });

    it('is listed to reviewers, and to others as if it were not there', async () => {
      const { body } = await ask(agent, { correlationID: 'run-7' });
      const listed = await house.get('/agent-requests?correlationID=run-7&phase=Pending&limit=1', reviewer);
      expect(listed.body).toMatchObject({ items: [{ name: body['name'] }] });
      expect((await house.get(`/agent-requests/${String(body['name'])}`, await house.tokenOf('john'))).status).toBe(
        404,
      );
      expect((await house.get('/agent-requests?phase=Nothing', reviewer)).status).toBe(400);
      const both = await house.get(
        '/agent-requests?phase=Denied&phase=Cancelled&correlationID=run-7&limit=5',
        reviewer,
      );
      expect(both.body).toEqual({ items: [] });
      expect((await house.get('/agent-requests?correlationID=run-7&correlationID=x', reviewer)).status).toBe(400);
    });

    it('can be watched until its end', async () => {
      const { body } = await ask(agent);
      const url = `${house.url}/agent-requests/${String(body['name'])}/watch`;
      const bare = await fetch(url, { headers: { authorization: `Bearer ${reviewer}`, accept: 'application/json' } });
      expect([bare.status, await bare.text()]).toEqual([400, expect.stringContaining('text/event-stream')]);
      const headers = { authorization: `Bearer ${agent}`, accept: 'text/event-stream' };
      const stream = await fetch(url, { headers });
      const read = stream.text();
      await decide('deny', body['name'], reviewer, {});
      const events = [...(await read).matchAll(/^event: (\w+)$/gm)].map(([, event]) => event);
      expect(events.at(-1)).toBe('result');
      expect(events[0]).toBe('update');
      const again = await fetch(url, { headers: { ...headers, 'last-event-id': '99' } });
      expect(await again.text(), 'who comes back still hears of the end').toContain('event: result');
    });

    it('is watched to its end by whoever claims to have seen more than there was, and however large it is', async () => {
      const { body } = await ask(agent, { parameters: { text: 'x'.repeat(400_000) } });
      const stream = await fetch(`${house.url}/agent-requests/${String(body['name'])}/watch`, {
        headers: { authorization: `Bearer ${agent}`, accept: 'text/event-stream', 'last-event-id': '999' },
      });
      const read = stream.text();
      await decide('deny', body['name'], reviewer, {});
      expect([...(await read).matchAll(/^event: (\w+)$/gm)].map(([, event]) => event).at(-1)).toBe('result');
    });

    it('is among what a watcher of all has missed, each once, however much that is', async () => {
      const names: unknown[] = [];
      for (let i = 0; i < 3; i += 1) {
        names.push((await ask(agent, { parameters: { i, text: 'x'.repeat(400_000) } })).body['name']);
      }
      const { body: first } = await house.get(`/agent-requests/${String(names[0])}`, reviewer);
      const since = Date.parse(String(first['updatedAt']));
      const leaving = new AbortController();
      const stream = await fetch(`${house.url}/agent-requests/watch`, {
        headers: { authorization: `Bearer ${reviewer}`, accept: 'text/event-stream', 'last-event-id': `${since}.x` },
        signal: leaving.signal,
      });
      let text = '';
      for await (const chunk of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk;
        if (names.every((name) => text.includes(`.${String(name)}\n`)) && text.endsWith('\n\n')) break;
      }
      leaving.abort();
      const told = [...text.matchAll(/^id: \d+\.(.+)$/gm)].map(([, name]) => name);
      expect(told.filter((name) => names.includes(name))).toHaveLength(3);
      for (const name of names) await decide('cancel', name, agent);
    });

    it('is shown no further to a watcher who is taken off the list of reviewers', async () => {
      const { body } = await ask(agent);
      const leaving = new AbortController();
      const stream = await fetch(`${house.url}/agent-requests/${String(body['name'])}/watch`, {
        headers: { authorization: `Bearer ${reviewer}`, accept: 'text/event-stream' },
        signal: leaving.signal,
      });
      let text = '';
      const reading = (async () => {
        for await (const chunk of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
      })().catch(() => undefined);
      await expect.poll(() => text).toContain('"Pending"');
      const lists = async (reviewerSubjects: string[]) =>
        house.send('/api/v1/gateway/subjects', {
          method: 'PUT',
          token: await house.tokenOf('admin'),
          body: JSON.stringify({ agentSubjects: ['aip-agent-1'], reviewerSubjects }),
        });
      expect((await lists([])).status).toBe(200);
      const heard = await fetch(`${house.url}/agent-requests/${String(body['name'])}/watch`, {
        headers: { authorization: `Bearer ${agent}`, accept: 'text/event-stream' },
      });
      await decide('cancel', body['name'], agent);
      // The agent, who still may and came later, hears of it: then the other would have.
      expect(await heard.text()).toContain('"Cancelled"');
      await house.get('/whoami', agent);
      leaving.abort();
      await reading;
      expect(text).not.toContain('"Cancelled"');
      await lists(['aip-reviewer-1']);
    });

    it('is over for the server as soon as whoever watches it goes away', async () => {
      const { body } = await ask(agent);
      const leaving = new AbortController();
      const watching = await fetch(`${house.url}/agent-requests/${String(body['name'])}/watch`, {
        headers: { authorization: `Bearer ${agent}`, accept: 'text/event-stream', 'x-request-id': 'leaves-early' },
        signal: leaving.signal,
      });
      expect(watching.headers.get('x-request-id')).toBe('leaves-early');
      leaving.abort();
      await expect.poll(() => house.log()).toMatch(/"request_id":"leaves-early",.*"aborted":true/);
    });
  });

  describe('a tool call that needs a second key', () => {
    const order = (args: object, token = agent) =>
      house.post('/api/v1/tools/execute', token, { tool_id: 'pizzeria-backend/place_order', arguments: args });
    const margherita = { body: { items: [{ id: 'marinara', count: 2 }] } };

    it('waits for a person, goes through once, and is bound to its arguments', async () => {
      const tools = await house.get('/api/v1/tools', agent);
      expect(tools.status).toBe(200);
      const waiting = await order(margherita);
      expect([waiting.status, waiting.body['code']], waiting.text).toEqual([202, 'approval_required']);
      const place = waiting.headers.get('location') ?? '';
      expect(place).toBe(`/agent-requests/${String(waiting.body['request'])}`);
      expect((await order(margherita)).headers.get('location'), 'the same call waits for the same people').toBe(place);
      const shown = await house.get(place, reviewer);
      expect(shown.body).toMatchObject({
        phase: 'Pending',
        tool: 'pizzeria-backend/place_order',
        parameters: margherita,
      });
      await house.post(`${place}/approve`, reviewer, {});
      const other = await order({ body: { items: [{ id: 'marinara', count: 3 }] } });
      expect(other.headers.get('location')).not.toBe(place);
      const racers = await Promise.all(Array.from({ length: 8 }, () => order(margherita)));
      const through = racers.filter(({ status }) => status === 200);
      expect(through).toHaveLength(1);
      expect(through[0]?.body).toMatchObject({ status: 'completed' });
      expect((await house.get(place, reviewer)).body).toMatchObject({ phase: 'Completed' });
    });

    it('is not asked for where the arguments do not fit', async () => {
      expect((await order({ colour: 1 })).status).toBe(400);
    });

    it('is void with the kill switch', async () => {
      const waiting = await order({ body: { items: [{ id: 'marinara', count: 4 }] } });
      const admin = await house.tokenOf('admin');
      const killed = await house.post('/api/v1/agents/aip-agent-1/kill', admin, { reason: 'runs wild' });
      expect(killed.status, killed.text).toBeLessThan(300);
      await expect
        .poll(async () => (await house.get(waiting.headers.get('location') ?? '', reviewer)).body['phase'])
        .toBe('Cancelled');
      expect((await order(margherita)).status).toBe(403);
    });
  });
});
