import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from './open-house.ts';

let house: House;
let admin: string;
let john: string;
beforeAll(async () => {
  house = await openHouse({
    settings: {
      rbac: {
        groupToRole: { '/editors': 'Editor', 'django-viewers': 'Viewer' },
        model: {
          roles: {
            Editor: {
              tier: 4,
              staff: true,
              inherits: ['Viewer'],
              permissions: ['content.publish', 'tool.call@tool:pizzeria/*'],
            },
            Viewer: { tier: 1, permissions: ['content.view'] },
            Requester: {},
            Payer: {},
          },
          dsd: { hats: { roles: ['Requester', 'Payer'] } },
        },
      },
    },
  });
  admin = await house.tokenOf('admin');
  john = await house.tokenOf('john');
});
afterAll(() => house[Symbol.asyncDispose]());

const subjectOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string }).sub;
const rbac = (method: string, path: string, body?: object, token = admin) =>
  house.send(`/api/v1/rbac${path}`, { method, token, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
const me = async (token = john) => (await house.get('/api/v1/me', token)).body;

describe('GET /api/v1/me', () => {
  it('says what the caller is and may, and the answer changes with the next request after a change', async () => {
    expect(await me()).toMatchObject({ user_permissions: [], primary_role: null, assigned_roles: [] });
    const given = await rbac('POST', '/assignments', { user: subjectOf(john), role: 'Editor' });
    expect([given.status, given.body]).toMatchObject([201, { role: 'Editor', origin: ['manual'] }]);
    expect(await me()).toMatchObject({
      user_permissions: ['content.publish', 'content.view', 'tool.call@tool:pizzeria/*'],
      primary_role: 'Editor',
      assigned_roles: [{ role: 'Editor', origin: ['manual'], via: [] }],
    });
    expect((await me())['user_roles']).toEqual(expect.arrayContaining(['Editor', 'Viewer']));
    expect((await rbac('DELETE', `/assignments/${subjectOf(john)}/Editor`)).status).toBe(204);
    expect(await me()).toMatchObject({ user_permissions: [], primary_role: null });
  });
});
