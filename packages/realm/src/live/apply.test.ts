import { describe, expect, it } from 'vitest';
import { isEmptyPlan, type Step } from '../plan/plan.ts';
import { showPlan } from '../plan/show.ts';
import { createFakeKeycloak, type FakeKeycloak } from '../testing/fake-keycloak.ts';
import { adminOf, applyFile, planOf, realmFrom } from '../testing/fixture.ts';
import { spreadRealm } from '../model/desired.ts';
import { explainAdminRefusal } from './admin-refusal.ts';
import { applyPlan } from './apply.ts';
import { explainApplyRefusal } from './apply-refusal.ts';
import { planRealm } from './plan-realm.ts';

const file = {
  realm: 'aip',
  enabled: true,
  roles: { realm: [{ name: 'app-user' }] },
  clientScopes: [{ name: 'menu', protocolMappers: [{ name: 'aud', config: { 'included.custom.audience': 'menu' } }] }],
  clients: [
    {
      clientId: 'web',
      secret: 'top-secret',
      serviceAccountsEnabled: true,
      redirectUris: ['http://a/*'],
      defaultClientScopes: ['menu'],
      protocolMappers: [{ name: 'aud', config: { x: 'y' } }],
    },
  ],
  groups: [{ name: 'staff', realmRoles: ['app-user'] }],
};

const writes = (fake: FakeKeycloak) => fake.log.filter((call) => !call.startsWith('GET '));

async function refusalOf(fake: FakeKeycloak, what: object = file) {
  const planned = await planRealm(adminOf(fake), spreadRealm(realmFrom({ ...what })));
  if (!planned.ok)
    return planned.refusal.why === 'unread'
      ? explainAdminRefusal(planned.refusal.refusal)
      : planned.refusal.faults.join('; ');
  const applied = await applyPlan({ admin: adminOf(fake), ...planned.value });
  return applied.ok ? 'applied' : explainApplyRefusal(applied.refusal, explainAdminRefusal);
}

describe('apply', () => {
  it('makes what is declared, and a second time writes nothing', async () => {
    const fake = createFakeKeycloak();
    expect(await applyFile(fake, file)).toMatchObject({ ok: true, value: { differences: [] } });
    fake.log.length = 0;
    expect(await applyFile(fake, file)).toMatchObject({ ok: true, value: { writes: 0, stepsDone: 0 } });
    expect(writes(fake)).toEqual([]);
  });

  it('finishes what a killed run began, wherever it was killed, and makes nothing twice', async () => {
    const whole = createFakeKeycloak();
    await applyFile(whole, file);
    const all = writes(whole).length;
    for (let last = 0; last < all; last++) {
      const fake = createFakeKeycloak();
      const planned = await planOf(fake, file);
      let count = 0;
      fake.intercept = (call) => {
        if (call.startsWith('GET ')) return undefined;
        if (count++ >= last) throw new Error('killed');
        return undefined;
      };
      await expect(applyPlan({ admin: adminOf(fake), ...planned })).rejects.toThrow('killed');
      fake.intercept = undefined;
      // The stored plan can be taken up again, and so can the file.
      const resumed = await applyPlan({ admin: adminOf(fake), ...planned });
      expect(resumed).toMatchObject({ ok: true, value: { differences: [] } });
      expect(isEmptyPlan((await planOf(fake, file)).plan)).toBe(true);
      expect(fake.realms.get('aip')?.clients.filter((client) => client['clientId'] === 'web')).toHaveLength(1);
    }
  });

  it('goes on when the last request of a killed run lands only now, and makes nothing twice', async () => {
    const whole = createFakeKeycloak();
    await applyFile(whole, file);
    for (const last of new Set(writes(whole))) {
      const fake = createFakeKeycloak();
      fake.intercept = (call) => {
        if (call !== last) return undefined;
        fake.intercept = undefined;
        return 'late';
      };
      expect(await applyFile(fake, file), last).toMatchObject({ ok: true, value: { differences: [] } });
      expect(fake.intercept, last).toBeUndefined();
      expect(isEmptyPlan((await planOf(fake, file)).plan), last).toBe(true);
      expect(fake.realms.get('aip')?.clients.filter((client) => client['clientId'] === 'web')).toHaveLength(1);
    }
  });

  it('reads again before it repeats a write whose answer was lost', async () => {
    const fake = createFakeKeycloak();
    let lost = false;
    fake.intercept = (call) => {
      if (lost || call !== 'POST /aip/clients') return undefined;
      lost = true;
      return 'lose';
    };
    expect(await applyFile(fake, file)).toMatchObject({ ok: true, value: { differences: [] } });
    expect(fake.log.filter((call) => call === 'POST /aip/clients')).toHaveLength(1);
  });

  it('tries again when the database broke a request off, which Keycloak calls a 400', async () => {
    const fake = createFakeKeycloak();
    let broken = 0;
    fake.intercept = (call) =>
      call === 'POST /' && broken++ === 0
        ? { status: 400, body: { errorMessage: 'Database operation failed' } }
        : undefined;
    expect(await applyFile(fake, file)).toMatchObject({ ok: true, value: { differences: [] } });
    expect(broken).toBe(2);
  });

  it('tries again on 503, 429 and 500', async () => {
    const fake = createFakeKeycloak();
    const answers = [503, 429, 500];
    fake.intercept = () => {
      const status = answers.pop();
      return status === undefined ? undefined : { status, body: { error: 'Bootstrap in progress' } };
    };
    const planned = await planRealm(adminOf(fake, 4), spreadRealm(realmFrom(file)));
    expect(planned.ok).toBe(true);
  });

  it('takes over what was made by hand, says so, and changes only the declared fields of it', async () => {
    const fake = createFakeKeycloak();
    await applyFile(fake, { realm: 'aip', enabled: true });
    await applyFile(fake, {
      realm: 'aip',
      clients: [
        {
          clientId: 'web',
          secret: 'by-hand',
          description: 'mine',
          redirectUris: ['http://old'],
          attributes: { mine: '1' },
        },
      ],
    });
    const realm = fake.realms.get('aip');
    if (realm !== undefined) realm.representation['attributes'] = {};
    const { plan } = await planOf(fake, file);
    expect(showPlan(plan)).toContain('~ client web (adopt)');
    expect(showPlan(plan)).toContain('~ redirectUris = ["http://old"] -> ["http://a/*"]');
    await applyFile(fake, file);
    expect(realm?.clients.find((client) => client['clientId'] === 'web')).toMatchObject({
      secret: 'by-hand',
      description: 'mine',
      redirectUris: ['http://a/*'],
      attributes: { mine: '1' },
    });
  });

  it('deletes nothing unless asked, and then only what is its own, children before parents', async () => {
    const fake = createFakeKeycloak();
    await applyFile(fake, file);
    await applyFile(fake, { realm: 'aip', enabled: true });
    expect(fake.log.filter((call) => call.startsWith('DELETE'))).toEqual(
      expect.not.arrayContaining([expect.stringContaining('/clients/')]),
    );
    const { plan } = await planOf(fake, { realm: 'aip', enabled: true }, { prune: true });
    expect(showPlan(plan)).toMatch(/Plan: 0 to add, 0 to change, \d+ to destroy\.$/);
    const order = plan.steps.map(({ type, action }) => `${action} ${type}`);
    expect(order.indexOf('delete client-mapper')).toBeLessThan(order.indexOf('delete client'));
    await applyFile(fake, { realm: 'aip', enabled: true }, { prune: true });
    expect(fake.realms.get('aip')?.clients.map((client) => client['clientId'])).toEqual([
      'account',
      'realm-management',
    ]);
  });

  it('keeps an owned group that holds one made by hand', async () => {
    const fake = createFakeKeycloak();
    await applyFile(fake, file);
    const staff = fake.realms.get('aip')?.groups[0];
    fake.realms.get('aip')?.groups.push({ id: 'by-hand', name: 'cooks', parentId: staff?.id ?? '', roles: new Set() });
    await applyFile(fake, { realm: 'aip' }, { prune: true });
    expect(fake.realms.get('aip')?.groups.map((group) => group['name'])).toEqual(['staff', 'cooks']);
  });
});

describe('a secret', () => {
  it('stands in no plan, is written when a client is made and then only on request', async () => {
    const fake = createFakeKeycloak();
    const planned = await planOf(fake, file);
    expect(JSON.stringify(planned.plan)).not.toContain('top-secret');
    expect(showPlan(planned.plan)).toContain('secret = (sensitive)');
    await applyFile(fake, file);
    const secretNow = () => fake.realms.get('aip')?.clients.find((client) => client['clientId'] === 'web')?.['secret'];
    expect(secretNow()).toBe('top-secret');
    const other = { ...file, clients: [{ ...file.clients[0], secret: 'another' }] };
    await applyFile(fake, other);
    expect(secretNow()).toBe('top-secret');
    expect((await planOf(fake, other)).plan.notices.join()).toContain('secret on the server differs');
    const rotated = await applyFile(fake, other, { rotate: ['web'] });
    expect(secretNow()).toBe('another');
    expect(rotated).toMatchObject({ ok: true, value: { differences: [] } });
  });

  it.each(['**********', '${KEYCLOAK_CLIENT_SECRET:}', '', 'a ${b} c'])(
    'is never written when it is %j',
    async (secret) => {
      const fake = createFakeKeycloak();
      const desired = spreadRealm({ realm: 'aip', clients: [{ clientId: 'web', secret }] });
      const planned = await planRealm(adminOf(fake), desired);
      if (!planned.ok) throw new Error('planned');
      await applyPlan({ admin: adminOf(fake), ...planned.value });
      expect(fake.realms.get('aip')?.clients.at(-1)?.['secret']).toMatch(/^generated-/);
    },
  );

  it('that the file no longer gives stops a stored plan before anything is written', async () => {
    const fake = createFakeKeycloak();
    const { plan } = await planOf(fake, file);
    fake.log.length = 0;
    expect(await applyPlan({ admin: adminOf(fake), plan, secrets: new Map() })).toMatchObject({
      ok: false,
      refusal: { why: 'missing-secrets', names: ['client web secret'] },
    });
    expect(fake.log).toEqual([]);
  });
});

describe('when something is wrong, one sentence says what, and nothing is lost', () => {
  const faults: readonly [string, (fake: FakeKeycloak) => void, RegExp][] = [
    [
      'Keycloak down',
      (fake) => void (fake.intercept = () => 'drop'),
      /^http:\/\/fake\.test cannot be reached: .* run the command again/,
    ],
    [
      'a missing role',
      (fake) => void (fake.intercept = (call) => (call === 'GET /aip' ? { status: 403, body: {} } : undefined)),
      /lacks the role view-realm/,
    ],
    [
      'a reduced realm',
      (fake) =>
        void (fake.intercept = (call) =>
          call === 'GET /aip' ? { status: 200, body: { realm: 'aip', displayName: 'x' } } : undefined),
      /reduced realm.* lacks the role view-realm/,
    ],
    [
      'no right to list clients',
      (fake) => void (fake.intercept = (call) => (call.startsWith('GET /aip/clients') ? { status: 403 } : undefined)),
      /lacks the role view-clients/,
    ],
    [
      'no right to write users',
      (fake) => void (fake.intercept = (call) => (call.startsWith('POST /aip/groups') ? { status: 403 } : undefined)),
      /^Stopped at group \/staff: .* lacks the role manage-users .* are left; run the same command again/,
    ],
    [
      'a concurrent change',
      (fake) =>
        void (fake.intercept = (call) =>
          call === 'POST /aip/clients'
            ? { status: 409, body: { errorMessage: 'Client web already exists' } }
            : undefined),
      /^Stopped at client web: .*Client web already exists.*plan again, and it will be shown as adopt/,
    ],
    [
      'a refused value',
      (fake) =>
        void (fake.intercept = (call) =>
          call === 'POST /aip/clients'
            ? {
                status: 400,
                body: {
                  error: 'invalid_input',
                  error_description: 'Client session max lifespan cannot exceed realm SSO session max lifespan.',
                },
              }
            : undefined),
      /refused \(400: Client session max lifespan cannot exceed/,
    ],
    [
      'a broken server',
      (fake) =>
        void (fake.intercept = (call) =>
          call === 'POST /aip/clients' ? { status: 500, body: { error: 'unknown_error' } } : undefined),
      /failed on the server after several tries \(500: unknown_error\)/,
    ],
  ];
  it.each(faults)('%s', async (_, breakIt, sentence) => {
    const fake = createFakeKeycloak();
    await applyFile(fake, { realm: 'aip', enabled: true });
    breakIt(fake);
    expect(await refusalOf(fake)).toMatch(sentence);
    fake.intercept = undefined;
    expect(await applyFile(fake, file)).toMatchObject({ ok: true, value: { differences: [] } });
  });

  it('a change between plan and apply', async () => {
    const fake = createFakeKeycloak();
    await applyFile(fake, file);
    const changed = { ...file, clients: [{ ...file.clients[0], redirectUris: ['http://new/*'] }] };
    const planned = await planOf(fake, changed);
    const client = fake.realms.get('aip')?.clients.find((one) => one['clientId'] === 'web');
    if (client !== undefined) client['redirectUris'] = ['http://someone-else/*'];
    fake.log.length = 0;
    const applied = await applyPlan({ admin: adminOf(fake), ...planned });
    expect(applied).toMatchObject({ ok: false, refusal: { why: 'stale', objects: ['client web'] } });
    expect(writes(fake)).toEqual([]);
  });

  it('a tie to something that is nowhere', async () => {
    const fake = createFakeKeycloak();
    expect(
      await refusalOf(fake, { realm: 'aip', clients: [{ clientId: 'web', defaultClientScopes: ['nowhere'] }] }),
    ).toBe('client-scope-assignment web / nowhere: client-scope nowhere is neither in the file nor in the realm');
  });

  it('names that would climb in a URL', async () => {
    const fake = createFakeKeycloak();
    expect(await refusalOf(fake, { realm: 'aip', roles: { realm: [{ name: '..' }] } })).toMatch(
      /cannot be used in a URL/,
    );
  });

  it('an ownership record that Keyturn did not write', async () => {
    const fake = createFakeKeycloak();
    await applyFile(fake, { realm: 'aip', attributes: { 'keyturn.ownership': 'x' } });
    expect(fake.realms.get('aip')?.representation['attributes']).toMatchObject({
      'keyturn.ownership': expect.stringContaining('version'),
    });
    const realm = fake.realms.get('aip');
    if (realm !== undefined) realm.representation['attributes'] = { 'keyturn.ownership': 'x' };
    expect(await refusalOf(fake)).toMatch(/keyturn\.ownership cannot be read; delete it to own nothing/);
  });
});

it('tells each step as it is done', async () => {
  const told: string[] = [];
  const onStep = (step: Step) => void told.push(`${step.action} ${step.type}`);
  await applyFile(createFakeKeycloak(), file, { onStep });
  expect(told.slice(0, 3)).toEqual(['create realm', 'create client-scope', 'create realm-role']);
});
