import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from './open-house.ts';

let house: House;
let admin: string;
let john: string;
let chef: string;
beforeAll(async () => {
  house = await openHouse();
  await house.registerPizzeria();
  [admin, john, chef] = await Promise.all([house.tokenOf('admin'), house.tokenOf('john'), house.tokenOf('chef')]);
});
afterAll(() => house[Symbol.asyncDispose]());

const seenBy = async (token: string): Promise<readonly string[]> => {
  const tools = (await house.get('/api/v1/tools', token)).body['tools'] as { tool_id: string }[];
  return tools.map(({ tool_id }) => tool_id.replace('pizzeria-backend/', ''));
};
const create = async (path: string, body: object): Promise<string> => {
  const reply = await house.post(path, admin, body);
  expect([reply.status, reply.text]).toEqual([201, expect.anything()]);
  return String(reply.body['id']);
};
const patch = (path: string, body: object) =>
  house.send(path, { method: 'PATCH', token: admin, body: JSON.stringify(body) });
const remove = (path: string) => house.send(path, { method: 'DELETE', token: admin });

describe('access policies', () => {
  it('show each caller the tools of the groups that are for them, and no others, on either door', async () => {
    expect((await seenBy(john)).length).toBe(6);
    const reading = await create('/api/v1/tool-groups', {
      name: 'reading',
      selectors: [{ source_pattern: 'pizzeria-*', method_pattern: 'GET' }],
      excluded_tool_ids: ['pizzeria-backend/who_am_i'],
    });
    const cooking = await create('/api/v1/tool-groups', {
      name: 'cooking',
      explicit_tool_ids: ['pizzeria-backend/remove_menu_item'],
    });
    const everybody = await create('/api/v1/access-policies', {
      name: 'everybody reads',
      claim_matchers: [],
      allowed_group_ids: [reading],
    });
    const chefs = await create('/api/v1/access-policies', {
      name: 'chefs cook',
      claim_matchers: [{ role: 'pizzeria-chef' }],
      allowed_group_ids: [cooking],
    });
    const readable = (
      (await house.get(`/api/v1/tool-groups/${reading}/tools`, admin)).body['tools'] as { name: string }[]
    ).map(({ name }) => name);
    expect(readable).toContain('get_menu_items');
    expect(await seenBy(john)).toEqual(readable);
    expect(await seenBy(chef)).toEqual([...readable, 'remove_menu_item'].sort());

    const unseen = await house.post('/api/v1/tools/execute', john, { tool_id: 'pizzeria-backend/remove_menu_item' });
    const unheard = await house.post('/api/v1/tools/execute', john, { tool_id: 'pizzeria-backend/no_such_thing' });
    expect([unseen.status, unseen.body['code']]).toEqual([404, 'unknown_tool']);
    expect(unheard.status).toBe(404);
    expect(unseen.text).not.toContain('remove_menu_item');

    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${house.url}/mcp`), {
        requestInit: { headers: { authorization: `Bearer ${john}` } },
        fetch: (url, init) => fetch(url, init),
      }),
    );
    expect((await client.listTools()).tools.map(({ name }) => name.replace('pizzeria-backend__', ''))).toEqual(
      readable,
    );
    const called = await client.callTool({ name: 'pizzeria-backend__remove_menu_item', arguments: {} }).catch(String);
    expect(JSON.stringify(called)).toContain('unknown_tool');
    await client.close();

    await patch(`/api/v1/access-policies/${chefs}`, { is_active: false });
    expect(await seenBy(chef)).toEqual(readable);
    expect((await remove(`/api/v1/tool-groups/${reading}`)).body['code']).toBe('tool_group_in_use');
    for (const policy of [everybody, chefs])
      expect((await remove(`/api/v1/access-policies/${policy}`)).status).toBe(204);
    for (const group of [reading, cooking]) expect((await remove(`/api/v1/tool-groups/${group}`)).status).toBe(204);
    expect((await seenBy(john)).length).toBe(6);
  });

  it('show nothing by themselves where the operator wants it so', async () => {
    await using closed = await openHouse({ settings: { tools: { withoutAccessPolicy: 'none' } } });
    const reply = await closed.get('/api/v1/tools', await closed.tokenOf('john'));
    expect(reply.body['tools']).toEqual([]);
  });

  it('close what they do not open, also when none of them is active', async () => {
    const policy = await create('/api/v1/access-policies', {
      name: 'nobody',
      claim_matchers: [{ role: 'nobody-has-this' }],
      allowed_group_ids: [],
      is_active: false,
    });
    expect(await seenBy(john)).toEqual([]);
    expect(await seenBy(admin)).toEqual([]);
    await remove(`/api/v1/access-policies/${policy}`);
  });
});

describe('a tool group', () => {
  it('is looked at before it is made', async () => {
    const reply = await house.post('/api/v1/tool-groups/preview', admin, {
      selectors: [{ name_pattern: 'get_*s', path_pattern: '/menu' }],
    });
    expect(reply.body['tools']).toMatchObject([{ tool_id: 'pizzeria-backend/get_menu_items', method: 'GET' }]);
  });

  it('is changed member by member, under a name of its own', async () => {
    const [one, two] = [
      await create('/api/v1/tool-groups', { name: 'one', description: 'first' }),
      await create('/api/v1/tool-groups', { name: 'two' }),
    ];
    const changed = await patch(`/api/v1/tool-groups/${one}`, { selectors: [{ path_pattern: '/menu/*' }] });
    expect(changed.body).toMatchObject({ name: 'one', description: 'first', selectors: [{ path_pattern: '/menu/*' }] });
    expect((await patch(`/api/v1/tool-groups/${one}`, { description: null })).body['description']).toBe(null);
    expect((await patch(`/api/v1/tool-groups/${two}`, { name: 'one' })).body).toMatchObject({
      status: 409,
      code: 'name_taken',
    });
    expect((await house.post('/api/v1/tool-groups', admin, { name: 'one' })).status).toBe(409);
    for (const id of [one, two]) await remove(`/api/v1/tool-groups/${id}`);
  });

  it('is refused, with the member named, where it would mean something else than it says', async () => {
    for (const [body, field] of [
      [{ name: 'x', selectors: [{}] }, '/selectors/0'],
      [{ name: 'x', selectors: [{ source_patern: 'a' }] }, '/selectors/0'],
      [{ name: 'x', explicit_tool_ids: ['no-slash'] }, '/explicit_tool_ids/0'],
    ] as const) {
      const reply = await house.post('/api/v1/tool-groups', admin, body);
      expect(reply.status).toBe(400);
      expect(reply.text).toContain(field);
    }
    const missing = { name: 'x', claim_matchers: [], allowed_group_ids: [`grp_${'0'.repeat(26)}`] };
    expect((await house.post('/api/v1/access-policies', admin, missing)).body).toMatchObject({
      status: 400,
      errors: [{ field: '/allowed_group_ids/0' }],
    });
    expect((await house.post('/api/v1/tool-groups', john, { name: 'x' })).status).toBe(403);
  });

  it('leaves a row in the audit with each change', async () => {
    const id = await create('/api/v1/tool-groups', { name: 'audited' });
    await remove(`/api/v1/tool-groups/${id}`);
    const rows = (await house.audit()) as { kind: string; target: string | null }[];
    expect(rows.filter(({ target }) => target === id).map(({ kind }) => kind)).toEqual([
      'tool-group.created',
      'tool-group.removed',
    ]);
  });
});
