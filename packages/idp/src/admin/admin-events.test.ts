import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIdp, type TestIdp } from '../testing/index.ts';

interface Event {
  readonly operationType: string;
  readonly resourceType: string;
  readonly resourcePath: string;
  readonly representation?: string;
  readonly authDetails: { readonly userId: string; readonly ipAddress: string };
}

describe('admin events', () => {
  let idp: TestIdp;
  let token: string;
  const call = async (method: string, path: string, body?: unknown): Promise<Response> =>
    await fetch(`${idp.url}/admin/realms${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const events = async (query = ''): Promise<readonly Event[]> =>
    (await (await call('GET', `/x/admin-events${query}`)).json()) as readonly Event[];

  beforeAll(async () => {
    idp = await startTestIdp({ x: { realm: 'x', enabled: true } });
    token = await idp.adminToken();
  });
  afterAll(async () => await idp.close());

  it('are kept only where the realm says so', async () => {
    await call('POST', '/x/roles', { name: 'unseen' });
    expect(await events()).toEqual([]);
    await call('PUT', '/x/events/config', { adminEventsEnabled: true });
    await call('POST', '/x/roles', { name: 'seen' });
    const [event] = await events('?max=1');
    expect(event).toMatchObject({ operationType: 'CREATE', resourceType: 'REALM_ROLE', resourcePath: 'roles/seen' });
    expect(event?.representation).toBeUndefined();
  });

  it('show what was changed, by whom and from where, and no secret of it', async () => {
    await call('PUT', '/x/events/config', { adminEventsEnabled: true, adminEventsDetailsEnabled: true });
    const client = { clientId: 'c', secret: 'top-secret-1', attributes: { a: '1' } };
    const made = await call('POST', '/x/clients', client);
    const id = made.headers.get('location')?.split('/').at(-1) ?? '';
    await call('POST', `/x/clients/${id}/client-secret`);
    const user = { username: 'joe', credentials: [{ type: 'password', value: 'top-secret-2' }] };
    const userId = (await call('POST', '/x/users', user)).headers.get('location')?.split('/').at(-1);
    await call('PUT', `/x/users/${userId}/reset-password`, { type: 'password', value: 'top-secret-3' });
    await call('PUT', '/x', { smtpServer: { host: 'localhost', from: 'idp@example.com', password: 'top-secret-4' } });
    await call('DELETE', `/x/clients/${id}`);
    const kept = await events();
    expect(JSON.stringify(kept)).not.toContain('top-secret');
    expect(kept.slice(0, 6).map((it) => [it.operationType, it.resourceType, it.resourcePath])).toEqual([
      ['DELETE', 'CLIENT', `clients/${id}`],
      ['UPDATE', 'REALM', undefined],
      ['ACTION', 'USER', `users/${userId}/reset-password`],
      ['CREATE', 'USER', `users/${userId}`],
      ['ACTION', 'CLIENT', `clients/${id}/client-secret`],
      ['CREATE', 'CLIENT', `clients/${id}`],
    ]);
    expect(JSON.parse(kept[5]?.representation ?? '')).toEqual({ ...client, id, secret: '**********' });
    expect(kept[0]?.authDetails.ipAddress).toBe('127.0.0.1');
    expect(kept[0]?.authDetails.userId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('are not written for what was refused', async () => {
    const before = (await events()).length;
    expect((await call('POST', '/x/roles', { name: 'seen' })).status).toBe(409);
    expect((await call('POST', '/x/roles', { nme: 'x' })).status).toBe(400);
    expect((await call('DELETE', '/x/roles/nobody')).status).toBe(404);
    expect(await events()).toHaveLength(before);
  });

  it('can be searched by what they are about, and cleared', async () => {
    expect((await events('?operationTypes=DELETE')).map((it) => it.resourceType)).toEqual(['CLIENT']);
    expect((await events('?resourceTypes=REALM_ROLE')).map((it) => it.resourcePath)).toEqual(['roles/seen']);
    expect((await events('?resourcePath=users/*')).length).toBe(2);
    expect((await events('?resourcePath=*/client-secret')).length).toBe(1);
    expect(await events('?dateTo=2000-01-01')).toEqual([]);
    expect((await call('DELETE', '/x/admin-events')).status).toBe(204);
    expect(await events()).toEqual([]);
  });
});
