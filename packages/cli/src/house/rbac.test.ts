import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type House, openHouse } from './open-house.ts';

let house: House;
let admin: string;
let john: string;
let chef: string;
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
            Requester: { permissions: ['payment.request'] },
            Payer: { permissions: ['payment.pay'] },
            Keeper: { permissions: ['rbac.view'] },
          },
          ssd: { apart: { roles: ['Editor', 'Payer'] } },
          dsd: { hats: { roles: ['Requester', 'Payer'] } },
        },
      },
      edge: {
        grpcPort: 0,
        audiences: ['keyturn'],
        routes: [{ path: '/pages/**', permissions: ['content.publish'] }, { path: '/**' }],
      },
    },
  });
  [admin, john, chef] = await Promise.all([house.tokenOf('admin'), house.tokenOf('john'), house.tokenOf('chef')]);
});
afterAll(() => house[Symbol.asyncDispose]());
beforeEach(async () => {
  for (const token of [john, chef]) await rbac('DELETE', `/users/${subjectOf(token)}`);
});

const subjectOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string }).sub;
const send = (method: string, path: string, body: object | undefined, token: string) =>
  house.send(path, { method, token, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
const rbac = (method: string, path: string, body?: object, token = admin) =>
  send(method, `/api/v1/rbac${path}`, body, token);
const me = async (token = john) => (await house.get('/api/v1/me', token)).body;
const give = async (token: string, role: string) => rbac('POST', '/assignments', { user: subjectOf(token), role });

describe('GET /api/v1/me', () => {
  it('says what the caller is and may, and the answer changes with the next request after a change', async () => {
    expect(await me()).toMatchObject({ user_permissions: [], primary_role: null, assigned_roles: [] });
    const given = await give(john, 'Editor');
    expect([given.status, given.body]).toMatchObject([201, { role: 'Editor', origin: ['manual'] }]);
    expect(await me()).toMatchObject({
      subject: subjectOf(john),
      user_permissions: ['content.publish', 'content.view', 'tool.call@tool:pizzeria/*'],
      primary_role: 'Editor',
      assigned_roles: [{ role: 'Editor', origin: ['manual'], via: [] }],
    });
    expect((await me())['user_roles']).toEqual(expect.arrayContaining(['Editor', 'Viewer']));
    expect((await rbac('DELETE', `/assignments/${subjectOf(john)}/Editor`)).status).toBe(204);
    expect(await me()).toMatchObject({ user_permissions: [], primary_role: null });
  });

  it('has the roles of the token too, and these permit nothing here', async () => {
    expect(await me(chef)).toMatchObject({
      user_roles: expect.arrayContaining(['pizzeria-chef']),
      user_permissions: [],
      primary_role: null,
    });
    expect((await house.get('/api/v1/me')).status).toBe(401);
  });

  it('lets a user choose between roles that may not be active at once, and begins with neither', async () => {
    await give(john, 'Requester');
    await give(john, 'Payer');
    expect(await me()).toMatchObject({
      user_permissions: [],
      session: { active_roles: [], waiting_roles: ['Payer', 'Requester'] },
    });
    const chosen = await send('POST', '/api/v1/me/active-roles', { role: 'Payer' }, john);
    expect(chosen.body).toMatchObject({
      user_permissions: ['payment.pay'],
      session: { active_roles: ['Payer'], chosen: true },
    });
    const both = await send('POST', '/api/v1/me/active-roles', { role: 'Requester' }, john);
    expect([both.status, both.body]).toMatchObject([409, { code: 'separation_of_duty', set: 'hats' }]);
    await send('DELETE', '/api/v1/me/active-roles/Payer', undefined, john);
    expect((await send('POST', '/api/v1/me/active-roles', { role: 'Requester' }, john)).status).toBe(200);
    // Another login is another session, and begins anew.
    expect(await me(await house.tokenOf('john'))).toMatchObject({ session: { active_roles: [], chosen: false } });
    expect((await send('POST', '/api/v1/me/active-roles', { role: 'Editor' }, john)).status).toBe(403);
    expect((await send('DELETE', '/api/v1/me/active-roles', undefined, john)).status).toBe(204);
    expect(await me()).toMatchObject({ session: { chosen: false } });
  });

  it('refuses whoever has no role at all to use one, as it refuses whoever has another', async () => {
    const refused = await send('POST', '/api/v1/me/active-roles', { role: 'Payer' }, john);
    expect([refused.status, refused.body['code']]).toEqual([403, 'role_not_authorized']);
    expect((await send('DELETE', '/api/v1/me/active-roles/Payer', undefined, john)).status).toBe(404);
    expect((await send('DELETE', '/api/v1/me/active-roles', undefined, john)).status).toBe(204);
  });
});

describe('the management of roles', () => {
  it('makes, changes, shows and deletes a role, and each change is in the audit with who made it', async () => {
    const made = await rbac('POST', '/roles', { name: 'Night editor', inherits: ['Editor'], permissions: ['night.*'] });
    expect([made.status, made.body]).toMatchObject([201, { name: 'Night editor', inherits_all: ['Editor', 'Viewer'] }]);
    expect((await rbac('PATCH', '/roles/Night%20editor', { tier: 7 })).body).toMatchObject({
      tier: 7,
      permissions: ['night.*'],
    });
    expect((await rbac('POST', '/roles/Night%20editor/permissions', { permission: 'lamp.light' })).status).toBe(201);
    expect((await rbac('DELETE', '/roles/Night%20editor/permissions/night.*')).status).toBe(204);
    expect((await rbac('DELETE', '/roles/Night%20editor/juniors/Editor')).status).toBe(204);
    expect((await rbac('GET', '/roles/Night%20editor')).body).toMatchObject({
      permissions: ['lamp.light'],
      inherits: [],
    });
    expect((await rbac('DELETE', '/roles/Night%20editor')).status).toBe(204);
    const rows = (await house.audit()) as { kind: string; action: string; target: string; identity: string }[];
    const own = rows.filter(({ kind, target }) => kind === 'rbac.change' && target === 'Night editor');
    expect(own.map(({ action }) => action)).toEqual([
      'addRole',
      'addInheritance',
      'grantPermission',
      'describeRole',
      'grantPermission',
      'revokePermission',
      'deleteInheritance',
      'deleteRole',
    ]);
    expect(new Set(own.map(({ identity }) => identity))).toEqual(new Set([subjectOf(admin)]));
  });

  it('keeps constraints: sets are made, changed and deleted, and nobody is brought beyond them', async () => {
    await give(john, 'Editor');
    expect((await give(john, 'Payer')).body).toMatchObject({
      code: 'separation_of_duty',
      set: 'apart',
      roles: ['Editor', 'Payer'],
    });
    const set = { kind: 'ssd', name: 'x', roles: ['Viewer', 'Payer'], cardinality: 2 };
    expect((await rbac('POST', '/constraints', set)).status).toBe(201);
    expect((await rbac('POST', '/constraints/ssd/x/roles', { role: 'Editor' })).body).toMatchObject({
      code: 'separation_of_duty',
    });
    expect((await rbac('POST', '/constraints/ssd/x/roles', { role: 'Keeper' })).body).toMatchObject({
      roles: ['Keeper', 'Payer', 'Viewer'],
    });
    expect((await rbac('PATCH', '/constraints/ssd/x', { cardinality: 3 })).body).toMatchObject({ cardinality: 3 });
    expect((await rbac('DELETE', '/constraints/ssd/x/roles/Keeper')).status).toBe(400);
    expect((await rbac('DELETE', '/constraints/ssd/x')).status).toBe(204);
    expect(JSON.parse((await rbac('GET', '/constraints')).text)).toMatchObject([
      { kind: 'ssd', name: 'apart' },
      { kind: 'dsd', name: 'hats' },
    ]);
  });

  it.each([
    ['POST', '/roles/Viewer/juniors', { role: 'Editor' }, 409, 'role_cycle'],
    ['POST', '/roles', { name: 'Viewer' }, 409, 'already_so'],
    ['POST', '/roles', { name: ' ' }, 400, 'invalid_request'],
    ['POST', '/roles', { name: 'x', permissions: ['no'] }, 400, 'invalid_request'],
    ['POST', '/roles', { name: 'x', power: 9 }, 400, 'invalid_request'],
    ['GET', '/roles/Emperor', undefined, 404, 'unknown_in_rbac'],
    ['DELETE', '/roles/Emperor', undefined, 404, 'unknown_in_rbac'],
    ['DELETE', '/roles/Editor', undefined, 409, 'role_mapped'],
    ['POST', '/assignments', { user: 'x', role: 'Emperor' }, 404, 'unknown_in_rbac'],
    ['GET', '/who-can?permission=everything', undefined, 400, 'invalid_request'],
    ['GET', '/who-can?permission=a.b&permission=c.d', undefined, 400, 'invalid_request'],
    ['GET', '/reviews/rev_nothing', undefined, 404, 'unknown_review'],
  ])('%s %s %j is answered with %s %s, and changes nothing', async (method, path, body, status, code) => {
    const before = (await rbac('GET', '/export')).text;
    const reply = await rbac(method, path, body);
    expect([reply.status, reply.body]).toMatchObject([status, { code }]);
    expect((await rbac('GET', '/export')).text).toBe(before);
  });

  it('is for the administrator role, or the permission: rbac.view to look, rbac.manage to change', async () => {
    expect((await rbac('GET', '/roles', undefined, john)).body).toMatchObject({
      code: 'forbidden',
      required_role: 'keyturn-admin',
      required_permission: 'rbac.view',
    });
    await give(john, 'Keeper');
    expect((await rbac('GET', '/roles', undefined, john)).status).toBe(200);
    expect((await rbac('POST', '/roles', { name: 'x' }, john)).status).toBe(403);
    expect((await rbac('GET', '/roles', undefined, '')).status).toBe(401);
  });
});

describe('explain and who-can', () => {
  it('say which role gives a permission by which path, or what lacks and what would give it', async () => {
    await give(john, 'Editor');
    const subject = subjectOf(john);
    expect((await rbac('GET', `/explain?permission=content.view&user=${subject}`)).body).toMatchObject({
      allowed: true,
      active: true,
      paths: [{ roles: ['Editor', 'Viewer'], granted: 'content.view', origin: ['manual'] }],
    });
    expect((await rbac('GET', '/explain?permission=payment.pay', undefined, john)).body).toMatchObject({
      allowed: false,
      would_allow: [{ role: 'Payer', groups: [] }],
      detail: `${subject} may not payment.pay: has none of Payer.`,
    });
    expect((await rbac('GET', '/explain?permission=content.view', undefined, chef)).body).toMatchObject({
      allowed: false,
      would_allow: [
        { role: 'Editor', groups: ['/editors'] },
        { role: 'Viewer', groups: ['django-viewers'] },
      ],
    });
    expect((await rbac('GET', `/explain?permission=content.view&user=${subject}`, undefined, chef)).status).toBe(403);
    const who = await rbac('GET', '/who-can?permission=tool.call&object=tool:pizzeria/order');
    expect(who.body).toMatchObject({ users: 1, paths: [{ user: subject, roles: ['Editor'] }] });
    expect((await rbac('GET', '/who-can?permission=tool.call')).body).toMatchObject({ users: 0 });
  });
});

describe('a user', () => {
  it('is never named so that the end of the issuer is taken for the beginning of the subject', async () => {
    const issuer = `${house.issuer} x`;
    const body = { user: 'y', issuer, role: 'Viewer' };
    expect((await rbac('POST', '/assignments', body)).body).toMatchObject({ errors: [{ field: '/issuer' }] });
    const model = { assignments: [{ user: 'y', issuer, roles: ['Viewer'] }] };
    expect((await rbac('POST', '/apply', { model })).status).toBe(400);
    expect(JSON.parse((await rbac('GET', '/assignments?user=x%20y')).text)).toEqual([]);
  });
});

describe('a document of roles', () => {
  it('is planned and applied as a whole, and nothing is left to do afterwards', async () => {
    const model = {
      roles: { Viewer: { tier: 2, permissions: ['content.view', 'reports.view'] }, Guest: { inherits: ['Viewer'] } },
      assignments: [{ user: subjectOf(john), roles: ['Guest'] }],
    };
    const planned = await rbac('POST', '/plan', { model });
    const texts = (planned.body['changes'] as { text: string }[]).map(({ text }) => text);
    expect(texts).toEqual([
      '~ role Viewer: tier 2',
      '+ role Guest',
      '+ Viewer may reports.view',
      '+ Guest inherits from Viewer',
      `+ user ${house.issuer} ${subjectOf(john)}`,
      `+ ${house.issuer} ${subjectOf(john)} has Guest (manual)`,
    ]);
    expect((await rbac('POST', '/apply', { model, version: planned.body['version'] })).status).toBe(200);
    expect(await me()).toMatchObject({ user_permissions: ['content.view', 'reports.view'] });
    expect((await rbac('POST', '/plan', { model })).body).toMatchObject({ changes: [] });
    expect((await rbac('POST', '/apply', { model, version: 0 })).body).toMatchObject({ code: 'rbac_plan_stale' });
    const exported = (await rbac('GET', '/export')).body;
    expect((await rbac('POST', '/plan', { model: exported, prune: true })).body).toMatchObject({ changes: [] });
  });

  it('that cannot be brought about changes nothing and says what is in the way', async () => {
    await give(john, 'Editor');
    const model = { roles: { New: null }, ssd: { y: { roles: ['Editor', 'Viewer'] } } };
    const refused = await rbac('POST', '/apply', { model });
    expect([refused.status, refused.body]).toMatchObject([409, { code: 'separation_of_duty', set: 'y' }]);
    expect((await rbac('GET', '/roles/New')).status).toBe(404);
  });

  it('is planned as it would be applied: neither deletes a role that groups give', async () => {
    for (const path of ['/plan', '/apply']) {
      const refused = await rbac('POST', path, { model: {}, prune: true });
      expect([path, refused.status, refused.body['code']]).toEqual([path, 409, 'role_mapped']);
    }
  });
});

describe('an access review', () => {
  const begin = async (more: object = {}) => {
    const deadline = new Date(Date.now() + 86_400_000 * 400).toISOString();
    const body = { name: 'Q1', reviewers: [{ user: subjectOf(chef) }], deadline, ...more };
    const reply = await rbac('POST', '/reviews', body);
    expect(reply.status, reply.text).toBe(201);
    const items = reply.body['decisions'] as { id: string; user: string; role: string }[];
    const id = String(reply.body['id']);
    const itemOf = (token: string) => items.find(({ user }) => user === subjectOf(token))?.id ?? '';
    const decide = (item: string, decision: string, token = chef) =>
      rbac('POST', `/reviews/${id}/items/${item}/decision`, { decision, comment: '=cmd()' }, token);
    return { id, itemOf, decide };
  };

  it('is decided by its reviewers, closed, carried out, and leaves evidence', async () => {
    await give(john, 'Editor');
    await give(chef, 'Viewer');
    await give(admin, 'Requester');
    const { id, itemOf, decide } = await begin();
    expect((await decide(itemOf(john), 'revoke', john)).body).toMatchObject({ code: 'not_a_reviewer' });
    expect((await decide(itemOf(chef), 'keep')).body).toMatchObject({ code: 'own_access' });
    expect((await decide(itemOf(john), 'revoke')).body).toMatchObject({
      decision: 'revoke',
      decided_by: subjectOf(chef),
    });
    expect((await rbac('POST', `/reviews/${id}/close`, {})).body).toMatchObject({ code: 'review_undecided', open: 2 });
    expect((await rbac('POST', `/reviews/${id}/close`, { force: true }, john)).status).toBe(403);
    expect((await rbac('POST', `/reviews/${id}/close`, { force: true })).body).toMatchObject({
      kept: 2,
      revoked: 1,
      state: 'closed',
    });
    expect(await me()).toMatchObject({ user_permissions: [] });
    expect((await decide(itemOf(john), 'keep')).body).toMatchObject({ code: 'review_closed' });
    const evidence = (await rbac('GET', `/reviews/${id}/evidence`, undefined, chef)).body;
    expect(evidence).toMatchObject({ digest: expect.stringMatching(/^sha-256:[0-9a-f]{64}$/), review: { name: 'Q1' } });
    const table = await rbac('GET', `/reviews/${id}/evidence?format=csv`);
    expect(table.headers.get('content-type')).toContain('text/csv');
    expect(table.text).toContain(`"'=cmd()","revoked"`);
    expect((await rbac('GET', `/reviews/${id}/evidence`, undefined, john)).status).toBe(404);
    expect(JSON.parse((await rbac('GET', '/reviews', undefined, john)).text)).toEqual([]);
    await rbac('DELETE', `/users/${subjectOf(admin)}`);
  });

  it.each(['=1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', '＋1', '－1', '＠1'])(
    'leaves a comment %j in a table of evidence that no spreadsheet calculates',
    async (comment) => {
      await give(john, 'Editor');
      const { id, itemOf } = await begin({ roles: ['Editor'] });
      await rbac('POST', `/reviews/${id}/items/${itemOf(john)}/decision`, { decision: 'keep', comment }, chef);
      expect((await rbac('GET', `/reviews/${id}/evidence?format=csv`)).text).toContain(`"'${comment}"`);
    },
  );

  it('goes on when a user vanishes in its middle, and when a reviewer does', async () => {
    await give(john, 'Editor');
    const { id, itemOf, decide } = await begin({ roles: ['Editor'], undecided: 'revoke' });
    await rbac('DELETE', `/users/${subjectOf(john)}`);
    expect((await decide(itemOf(john), 'revoke')).body).toMatchObject({ code: 'review_item_gone' });
    const others = { reviewers: [{ role: 'keyturn-admin' }] };
    expect((await rbac('PUT', `/reviews/${id}/reviewers`, others)).status).toBe(200);
    expect((await decide(itemOf(john), 'keep', chef)).body).toMatchObject({ code: 'not_a_reviewer' });
    expect((await rbac('POST', `/reviews/${id}/close`, {})).body).toMatchObject({ gone: 1, revoked: 0 });
  });

  it.each([
    { deadline: '2020-01-01T00:00:00Z' },
    { deadline: 'tomorrow' },
    { reviewers: [] },
    { roles: ['Emperor'] },
    { undecided: 'maybe' },
  ])('does not begin with %j', async (more) => {
    const body = { name: 'x', reviewers: [{ role: 'a' }], deadline: '2090-01-01T00:00:00Z', ...more };
    expect((await rbac('POST', '/reviews', body)).status).toBeGreaterThanOrEqual(400);
  });
});

describe('the edge', () => {
  const ask = (path: string, token: string, more: Record<string, string> = {}) =>
    fetch(`${house.url}/edge/envoy${path}`, { headers: { authorization: `Bearer ${token}`, ...more } });

  it('tells upstreams what the caller may, in place of what the caller says, and its rules ask for permissions', async () => {
    await give(john, 'Editor');
    const forged = { 'x-keyturn-permissions': '*', 'x-keyturn-primary-role': 'Emperor' };
    const allowed = await ask('/pages/7', john, forged);
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get('x-keyturn-permissions')).toMatch(
      /^content\.publish,content\.view,.*tool\.call@tool:pizzeria\/\*$/,
    );
    expect(allowed.headers.get('x-keyturn-primary-role')).toBe('Editor');
    expect(allowed.headers.get('x-keyturn-roles')?.split(',')).toEqual(expect.arrayContaining(['Editor', 'Viewer']));
    const refused = await ask('/pages/7', chef, forged);
    expect([refused.status, await refused.json()]).toMatchObject([403, { required_permission: 'content.publish' }]);
    const other = await ask('/elsewhere', chef, forged);
    expect([
      other.status,
      other.headers.get('x-keyturn-permissions'),
      other.headers.get('x-keyturn-primary-role'),
    ]).toEqual([200, '', '']);
  });
});

describe('settings of roles', () => {
  const start = async (rbacSettings: object) => {
    try {
      await using opened = await openHouse({ settings: { rbac: rbacSettings } });
      return opened.url === '' ? '' : 'started';
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
  };

  it('that map a group to a role that does not exist are an error at the start, which names it', async () => {
    const said = await start({
      groupToRole: { '/editors': 'Editor', '/kings': ['Emperor'] },
      model: { roles: { Editor: {} } },
    });
    expect(said).toContain('rbac.groupToRole');
    expect(said).toContain('Emperor');
    expect(said).toContain('/kings');
    expect(said).not.toContain('role Editor');
  });

  it.each([
    ['a cycle', { roles: { a: { inherits: ['b'] }, b: { inherits: ['a'] } } }, 'inherits from it'],
    ['a role that nobody declares', { roles: { a: { inherits: ['c'] } } }, 'no role c'],
    ['a permission that is none', { roles: { a: { permissions: ['x'] } } }, 'no permission'],
  ])('that declare %s are one too', async (_, model, sentence) => {
    expect(await start({ model })).toContain(sentence);
  });

  it('may be text in YAML or JSON, as the environment has them', async () => {
    expect(await start({ groupToRole: '/editors: Editor\n"/x/*": [Editor]', model: 'roles:\n  Editor:\n' })).toBe(
      'started',
    );
    expect(await start({ groupToRole: '{"/editors": "Editor"}', model: '{"roles": {"Editor": {}}}' })).toBe('started');
    expect(await start({ groupToRole: '[', model: '{"roles": {"Editor": {}}}' })).toContain('groupToRole');
  });
});
