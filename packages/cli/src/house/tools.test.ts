import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from './open-house.ts';

let house: House;
let john: string;
beforeAll(async () => {
  house = await openHouse();
  await house.registerPizzeria();
  john = await house.tokenOf('john');
});
afterAll(() => house[Symbol.asyncDispose]());

const execute = (tool: string, given: object = {}, token = john) =>
  house.post('/api/v1/tools/execute', token, { tool_id: tool, arguments: given });

describe('a tool call over REST', () => {
  it('reaches the upstream with a token for its audience, through Keyturn’s client, as the caller', async () => {
    const reply = await execute('pizzeria-backend/who_am_i');
    expect(reply.body).toMatchObject({
      status: 'completed',
      result: { seen: { aud: ['pizzeria-backend'], azp: 'keyturn', username: 'john' } },
    });
  });

  it('takes the other spelling of a tool id, and answers with the one', async () => {
    const reply = await execute('pizzeria-backend:who_am_i');
    expect(reply.body).toMatchObject({ status: 'completed', tool_id: 'pizzeria-backend/who_am_i' });
  });

  it('carries path, query, header and body arguments to their places', async () => {
    const menu = await execute('pizzeria-backend/get_menu_items', { vegetarian: false });
    expect(menu.body['result']).toMatchObject({ items: [{ id: 'diavola' }] });
    const order = { 'Idempotency-Key': 'once', body: { items: [{ id: 'marinara', count: 2 }] } };
    const first = await execute('pizzeria-backend/place_order', order);
    const second = await execute('pizzeria-backend/place_order', order);
    expect(first.body).toMatchObject({ upstream_status: 201, result: { order: { total: 15 } } });
    expect(second.body['result']).toEqual(first.body['result']);
  });

  it('shows the upstream’s own refusal with its status, and does not take it for its own', async () => {
    const reply = await execute('pizzeria-backend/remove_menu_item', { item_id: 'diavola' });
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ status: 'failed', upstream_status: 403, result: { error: 'not_a_chef' } });
    const byChef = await execute(
      'pizzeria-backend/remove_menu_item',
      { item_id: 'diavola' },
      await house.tokenOf('chef'),
    );
    expect(byChef.body).toMatchObject({ status: 'completed', upstream_status: 204 });
  });

  describe('answers 400', () => {
    it('with every argument that does not fit', async () => {
      const reply = await execute('pizzeria-backend/get_menu_items', { max_price: 'cheap', vegetarien: true });
      expect(reply.body).toMatchObject({ code: 'invalid_arguments', status: 400 });
      const errors = JSON.stringify(reply.body['errors']);
      expect(errors).toContain('/arguments/max_price');
      expect(errors).toContain('did you mean vegetarian');
    });

    it('when the body is no JSON, no object, or has members that nobody knows', async () => {
      for (const body of [
        '{"tool_id":',
        '[]',
        '"x"',
        'null',
        '{}',
        '{"tool_id":"a/b","argument":{}}',
        '{"tool_id":7}',
      ]) {
        const reply = await house.post('/api/v1/tools/execute', john, body);
        expect([reply.status, reply.body['code']], body).toEqual([400, 'invalid_request']);
      }
    });

    it('when a path argument would leave its place', async () => {
      for (const id of ['..', '.', '%2e%2e']) {
        const reply = await execute('pizzeria-backend/get_menu_item', { item_id: id });
        expect([400, 404].includes(Number(reply.body['upstream_status'] ?? reply.status)), `${id}: ${reply.text}`).toBe(
          true,
        );
      }
    });
  });

  describe('answers 401', () => {
    it('without a token, with a challenge that names the metadata and no error code', async () => {
      const reply = await house.post('/api/v1/tools/execute', undefined, { tool_id: 'x/y' });
      expect(reply.status).toBe(401);
      expect(reply.headers.get('www-authenticate')).toBe(
        'Bearer resource_metadata="http://keyturn.test/.well-known/oauth-protected-resource/mcp"',
      );
    });

    it('to a token for another audience, of another shape, or changed by a letter', async () => {
      const elsewhere = await house.tokenOf('john', 'elsewhere');
      for (const token of [elsewhere, 'x', `${john}=`, `${john.slice(0, -3)}AAA`, john.toUpperCase()]) {
        const reply = await execute('pizzeria-backend/who_am_i', {}, token);
        expect([reply.status, reply.body['code']]).toEqual([401, 'invalid_token']);
        expect(reply.headers.get('www-authenticate')).toContain('error="invalid_token"');
      }
    });

    it('to a token that has expired, but for the tolerance', async () => {
      await using late = await openHouse();
      await late.registerPizzeria();
      const token = await late.tokenOf('john');
      const call = () => late.post('/api/v1/tools/execute', token, { tool_id: 'pizzeria-backend/who_am_i' });
      expect((await call()).status).toBe(200);
      late.advance(300 + 5 + 1);
      expect((await call()).status).toBe(401);
    });
  });

  it('answers 404 to a tool that is not there, with the nearest name', async () => {
    const reply = await execute('pizzeria-backend/get_menu_itms');
    expect(reply.status).toBe(404);
    expect(reply.body).toMatchObject({ code: 'unknown_tool', nearest: 'pizzeria-backend/get_menu_items' });
  });

  it('answers 413 to a body over the limit and 415 to another content type', async () => {
    const large = await house.post('/api/v1/tools/execute', john, JSON.stringify({ tool_id: 'x'.repeat(1_100_000) }));
    expect([large.status, large.body['code']]).toEqual([413, 'body_too_large']);
    const xml = await house.send('/api/v1/tools/execute', {
      method: 'POST',
      token: john,
      body: '<x/>',
      headers: { 'content-type': 'application/xml' },
    });
    expect([xml.status, xml.body['code']]).toEqual([415, 'unsupported_media_type']);
  });

  it('gives every answer a request id, and keeps one that came in', async () => {
    const own = await house.get('/api/v1/tools', john);
    expect(own.headers.get('x-request-id')).toMatch(/^rid_/);
    const given = await house.send('/api/v1/tools', { token: john, headers: { 'x-request-id': 'trace-me-0001' } });
    expect(given.headers.get('x-request-id')).toBe('trace-me-0001');
    const hostile = await house.send('/api/v1/tools', { token: john, headers: { 'x-request-id': '"><script>' } });
    expect(hostile.headers.get('x-request-id')).toMatch(/^rid_/);
  });

  it('writes no token into the log, at any level', () => {
    expect(house.log()).toContain('"route":"/api/v1/tools/execute"');
    expect(house.log()).not.toContain('eyJ');
    expect(house.log()).not.toContain('exchange-secret');
  });
});
