import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { permissionsOfHeader, requirePermission } from './require-permission.ts';

let server: Server;
let url = '';
beforeAll(async () => {
  const publish = requirePermission('content.publish');
  const page = requirePermission('content.view', { object: (request) => `page:${(request.url ?? '').slice(6)}` });
  server = createServer((request, response) =>
    (request.url?.startsWith('/page/') === true ? page : publish)(request, response, () => response.end('in')),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on a port has an address with a port.
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const ask = async (path: string, permissions?: string) => {
  const answer = await fetch(
    `${url}${path}`,
    permissions === undefined ? {} : { headers: { 'x-keyturn-permissions': permissions } },
  );
  return { status: answer.status, text: await answer.text() };
};

describe('requirePermission', () => {
  it.each(['content.publish', 'content.*', 'a.b, *', '*.publish'])(
    'lets through who has it: %s',
    async (permissions) => {
      expect(await ask('/', permissions)).toEqual({ status: 200, text: 'in' });
    },
  );

  it.each(['', 'content.view', 'content.publish@page:7', 'content.publishx', 'content', '!more', 'Content.publish'])(
    'answers 403 to who has not: %j',
    async (permissions) => {
      const answer = await ask('/', permissions);
      expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
        403,
        { code: 'forbidden', required_permission: 'content.publish' },
      ]);
    },
  );

  it('asks for the object of the request', async () => {
    expect((await ask('/page/7', 'content.view@page:7')).status).toBe(200);
    const answer = await ask('/page/8', 'content.view@page:7');
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
      403,
      { required_permission: 'content.view@page:8' },
    ]);
    expect((await ask('/page/8', 'content.view@page:*')).status).toBe(200);
  });

  it('refuses what did not come through the edge, and says so; and says when the header was cut', async () => {
    expect((await ask('/')).text).toContain('did not come through the edge');
    expect((await ask('/', 'a.b,!more')).text).toContain('GET /api/v1/me');
  });

  it.each(['content', 'content.*', '*', ''])('cannot ask for %j, which is no one thing', (permission) => {
    expect(() => requirePermission(permission)).toThrow('is no permission');
  });

  it('reads a header without giving more than it says', () => {
    expect(permissionsOfHeader('content.view,,x y.z, tool.call@tool:a/*,!more').texts).toEqual([
      'content.view',
      'tool.call@tool:a/*',
    ]);
  });
});
