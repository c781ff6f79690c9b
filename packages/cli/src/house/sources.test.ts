import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from './open-house.ts';

let house: House;
let admin: string;
beforeAll(async () => {
  house = await openHouse();
  admin = await house.tokenOf('admin');
});
afterAll(() => house[Symbol.asyncDispose]());

const register = (body: object) => house.post('/api/v1/sources', admin, { name: 'X', default_audience: 'x', ...body });
const count = async () => ((await house.get('/api/v1/sources', admin)).body['sources'] as unknown[]).length;

/** Serves one text at any path. */
async function serve(text: string): Promise<{ url: string; host: string; close: () => void }> {
  const server = createServer((_request, response) => response.setHeader('content-type', 'application/json').end(text));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `localhost:${(server.address() as AddressInfo).port}`;
  return { url: `http://${host}/openapi.json`, host, close: () => server.close() };
}

describe('a source', () => {
  it('is registered, read, changed and removed', async () => {
    const id = await house.registerPizzeria({ slug: 'once' });
    expect((await house.get(`/api/v1/sources/${id}`, admin)).body).toMatchObject({
      slug: 'once',
      default_audience: 'pizzeria-backend',
      inventory_count: 6,
      is_enabled: true,
    });
    const patched = await house.send(`/api/v1/sources/${id}`, {
      method: 'PATCH',
      token: admin,
      body: JSON.stringify({ default_audience: '', enabled: false }),
    });
    expect(patched.body).toMatchObject({ default_audience: null, is_enabled: false });
    const tools = (await house.get('/api/v1/tools', admin)).body['tools'] as { source: string }[];
    expect(tools.filter((tool) => tool.source === 'once')).toEqual([]);
    expect((await house.send(`/api/v1/sources/${id}`, { method: 'DELETE', token: admin })).status).toBe(204);
    expect((await house.get(`/api/v1/sources/${id}`, admin)).body['code']).toBe('unknown_source');
  });

  it('is named after its audience, else after its name', async () => {
    const id = await house.registerPizzeria({ name: 'Pizzeria Napoli!', default_audience: null });
    expect((await house.get(`/api/v1/sources/${id}`, admin)).body['slug']).toBe('pizzeria-napoli');
  });

  it('is refused twice under one slug, also when two register at once', async () => {
    const replies = await Promise.all(
      [1, 2, 3, 4].map(() => register({ slug: 'race', url: `${house.pizzeria}/openapi.json` })),
    );
    expect(replies.map((reply) => reply.status).sort()).toEqual([201, 409, 409, 409]);
  });

  it('can be changed only by who has the role', async () => {
    const john = await house.tokenOf('john');
    const reply = await house.post('/api/v1/sources', john, { name: 'X', url: `${house.pizzeria}/openapi.json` });
    expect(reply.body).toMatchObject({ status: 403, code: 'forbidden', required_role: 'keyturn-admin' });
  });

  describe('is refused, and nothing is stored,', () => {
    it('when its address is private, loopback, link-local or a metadata service that nobody allowed', async () => {
      const before = await count();
      for (const host of [
        '127.0.0.1:1',
        'localhost:1',
        '10.0.0.1',
        '192.168.1.1',
        '169.254.169.254',
        '[::1]',
        '[fd00::1]',
        '0x7f.1',
        '2130706433',
      ]) {
        const reply = await register({ url: `http://${host}/openapi.json` });
        expect([reply.status, reply.body['code']], host).toEqual([422, 'source_address_not_allowed']);
      }
      expect(await count()).toBe(before);
    });

    it('when the document does not parse, with line, column and a caret', async () => {
      await using broken = await openHouseServing('{\n  "openapi": "3.1.0",\n  "info": ]');
      const reply = await broken.register();
      expect(reply.body).toMatchObject({ status: 422, code: 'invalid_openapi_document', line: 3 });
      expect(String(reply.body['frame'])).toContain('^');
    });

    it('when its URL would show a secret to everybody', async () => {
      for (const url of [
        'http://u:p@api.example.com/x',
        'https://api.example.com/x?access_token=1',
        'https://api.example.com/x?sig=1',
      ]) {
        expect((await register({ url })).body, url).toMatchObject({ status: 400, errors: [{ field: '/url' }] });
      }
    });

    it('when the document has no operations', async () => {
      await using empty = await openHouseServing('{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{}}');
      expect((await empty.register()).body['code']).toBe('no_operations');
    });

    it('when a member is missing, unknown or of the wrong type, each named', async () => {
      const reply = await house.post('/api/v1/sources', admin, { url: 'ftp://x', colour: 'red', required_scopes: 'a' });
      expect(reply.body).toMatchObject({ status: 400, code: 'invalid_request' });
      const fields = (reply.body['errors'] as { field: string; message: string }[])
        .map((fault) => `${fault.field} ${fault.message}`)
        .join('\n');
      for (const name of ['/name', '/url', '/required_scopes', 'colour']) expect(fields).toContain(name);
    });
  });
});

describe('a source without an audience', () => {
  it('is called by nobody until somebody decides: 409 with the remedy, over REST and over MCP', async () => {
    await using strict = await openHouse();
    await strict.registerPizzeria({ default_audience: null, slug: 'open', passthrough: 'allowed' });
    const john = await strict.tokenOf('john');
    const rest = await strict.post('/api/v1/tools/execute', john, { tool_id: 'open/who_am_i' });
    expect([rest.status, rest.body['code']]).toEqual([409, 'passthrough_not_allowed']);
    expect(rest.body['detail']).toContain('tools.allowPassthrough');
    expect(strict.log()).not.toContain('passthrough: "allowed")');
  });

  it('gets the caller’s own token over REST where source and operator both say so, and never over MCP', async () => {
    await using lax = await openHouse({ settings: { tools: {}, auth: {} } });
    await using open = await openHouse({
      settings: { tools: { allowPassthrough: true, allowedHosts: [new URL(lax.pizzeria).host, 'localhost'] } },
    });
    await open.registerPizzeria({ default_audience: '', slug: 'open', passthrough: 'allowed' });
    await open.registerPizzeria({ default_audience: '', slug: 'closed' });
    const john = await open.tokenOf('john');
    // The pizzeria refuses John's own token: what matters is that it was asked with it.
    const rest = await open.post('/api/v1/tools/execute', john, { tool_id: 'open/who_am_i' });
    expect(rest.body).toMatchObject({ status: 'failed', upstream_status: 401 });
    const closed = await open.post('/api/v1/tools/execute', john, { tool_id: 'closed/who_am_i' });
    expect(closed.body['code']).toBe('passthrough_not_allowed');
    const mcp = await open.send('/mcp', {
      method: 'POST',
      token: john,
      headers: { accept: 'application/json, text/event-stream', host: 'keyturn.test' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'open__who_am_i', arguments: {} },
      }),
    });
    expect(mcp.text).toContain('passthrough_not_allowed');
  });
});

/** A house that may fetch a document with this text. */
async function openHouseServing(text: string) {
  const server = await serve(text);
  const opened = await openHouse({ settings: { tools: { allowedHosts: [server.host] } } });
  const token = await opened.tokenOf('admin');
  return {
    register: () => opened.post('/api/v1/sources', token, { name: 'X', url: server.url, default_audience: 'x' }),
    async [Symbol.asyncDispose]() {
      server.close();
      await opened[Symbol.asyncDispose]();
    },
  };
}
