import { connect } from 'node:net';
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

/** Sends bytes as they are and gives what comes back. */
function sendRaw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

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
      expect(errors).toContain(String.raw`did you mean \"vegetarian\"`);
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
        'Bearer resource_metadata="http://keyturn.test/.well-known/oauth-protected-resource"',
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

  it('answers 400 to what is nested beyond reason', async () => {
    const deep = `{"tool_id":"a/b","arguments":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`;
    const reply = await house.post('/api/v1/tools/execute', john, deep);
    expect([reply.status, reply.body['code']]).toEqual([400, 'invalid_request']);
  });

  it('answers 405 with the methods of the path where it has no such method', async () => {
    for (const [method, path, allow] of [
      ['DELETE', '/api/v1/tools/execute?x=1', 'POST'],
      ['PUT', '/api/v1/sources', 'GET, HEAD, POST'],
      ['POST', '/api/v1/sources/src_1', 'DELETE, GET, HEAD, PATCH'],
    ] as const) {
      const reply = await house.send(path, { method, token: john, body: '{}' });
      expect([reply.status, reply.body['code']], path).toEqual([405, 'method_not_allowed']);
      expect(reply.headers.get('allow'), path).toBe(allow);
    }
    for (const path of ['/api/v1/sources/', '/api/v1/sources/a/b/c', '/apixv1/sources']) {
      expect((await house.send(path, { method: 'PUT', token: john, body: '{}' })).status, path).toBe(404);
    }
  });

  it('answers what is no route, no path and no HTTP by a problem with an id, like everything else', async () => {
    for (const [path, status, code] of [
      ['/nothing', 404, 'not_found'],
      ['/%ff', 400, 'invalid_request'],
      [`/api/v1/sources/${'a'.repeat(300)}`, 414, 'uri_too_long'],
    ] as const) {
      const reply = await house.get(path, john);
      expect([reply.status, reply.body['code']], path).toEqual([status, code]);
      expect(reply.headers.get('x-request-id'), path).toMatch(/^rid_/);
    }
    const raw = await sendRaw(
      house.url,
      `GET / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${'a'.repeat(20_000)}\r\n\r\n`,
    );
    expect(raw).toContain('HTTP/1.1 431');
    expect(raw).toContain('headers_too_large');
    const smuggled = await sendRaw(
      house.url,
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    );
    expect(smuggled).toContain('HTTP/1.1 400');
    expect(smuggled).toContain('x-request-id');
  });

  it('gives every answer a request id, and keeps one that came in', async () => {
    const own = await house.get('/api/v1/tools', john);
    expect(own.headers.get('x-request-id')).toMatch(/^rid_/);
    const given = await house.send('/api/v1/tools', { token: john, headers: { 'x-request-id': 'trace-me-0001' } });
    expect(given.headers.get('x-request-id')).toBe('trace-me-0001');
    const hostile = await house.send('/api/v1/tools', { token: john, headers: { 'x-request-id': '"><script>' } });
    expect(hostile.headers.get('x-request-id')).toMatch(/^rid_/);
  });

  it('writes down no token that is given as the name of a tool or a source', async () => {
    const before = house.log().length;
    await execute(john.slice(0, 300));
    await house.get(`/api/v1/sources/${john.slice(0, 200)}`, john);
    expect(house.log().slice(before)).not.toContain('eyJ');
    expect(JSON.stringify(await house.audit())).not.toContain('eyJ');
    expect(JSON.stringify(await house.audit())).toContain('pizzeria-backend/who_am_i');
  });

  it('writes no token into the log, at any level', () => {
    expect(house.log()).toContain('"route":"/api/v1/tools/execute"');
    expect(house.log()).not.toContain('eyJ');
    expect(house.log()).not.toContain('exchange-secret');
  });
});
