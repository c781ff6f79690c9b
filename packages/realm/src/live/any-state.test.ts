import type { Json } from '@keyturn/protocol';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { changesNothing, isEmptyPlan } from '../plan/plan.ts';
import { createFakeKeycloak, type FakeKeycloak } from '../testing/fake-keycloak.ts';
import { adminOf, applyFile, planOf } from '../testing/fixture.ts';

import { parseRealmFile } from '../file/parse.ts';
import { spreadRealm } from '../model/desired.ts';
import { exportRealm } from './export-realm.ts';
import { planRealm } from './plan-realm.ts';

const roles = ['reader', 'writer', 'a b/ü'];
const scopes = ['menu', 'orders', 'email'];
const clientIds = ['web', 'https://mcp.test/x', 'agent'];
const groupNames = ['staff', 'cooks'];

const few = <Value extends Json>(from: readonly Value[]) => fc.subarray([...from]);
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const named = <Value>(names: readonly string[], make: (name: string) => fc.Arbitrary<Value>) =>
  fc.subarray([...names]).chain((chosen) => fc.tuple(...chosen.map(make)));

const mapper = fc.record({
  name: fc.constantFrom('audience', 'groups'),
  config: fc.dictionary(fc.constantFrom('claim.name', 'access.token.claim'), fc.constantFrom('x', 'true', 'false')),
});
const mappers = fc.uniqueArray(mapper, { selector: ({ name }) => name, maxLength: 2 });

/** Any realm file within what Keyturn manages. Ties name only what the file declares, or what every realm has. */
const anyRealm = fc
  .record({ realmRoles: few(roles), clientIds: few(clientIds), scopes: few(scopes), groups: few(groupNames) })
  .chain((have) => {
    const realmRoles = few([...have.realmRoles, 'offline_access']);
    return fc.record(
      {
        realm: fc.constant('r'),
        enabled: fc.boolean(),
        displayName: fc.constantFrom('', 'A', 'B'),
        ssoSessionMaxLifespan: fc.constantFrom(36000, 31536000),
        attributes: fc.dictionary(fc.constantFrom('k1', 'k2'), fc.constantFrom('', 'v', 'w')),
        roles: fc.record({
          realm: fc.tuple(
            ...have.realmRoles.map((name, index) =>
              fc.record({
                name: fc.constant(name),
                description: fc.constantFrom('', 'd'),
                composites: fc.record({ realm: few(['offline_access', ...have.realmRoles.slice(0, index)]) }),
              }),
            ),
          ),
          client: fc.record(
            Object.fromEntries(
              have.clientIds.map((id) => [id, named(['use'], (name) => fc.record({ name: fc.constant(name) }))]),
            ),
          ),
        }),
        clientScopes: fc.tuple(
          ...have.scopes.map((name) =>
            fc.record({ name: fc.constant(name), description: fc.constantFrom('', 'd'), protocolMappers: mappers }),
          ),
        ),
        defaultOptionalClientScopes: few(have.scopes.filter((scope) => scope !== 'email')),
        clients: fc.tuple(
          ...have.clientIds.map((clientId) =>
            fc.record({
              clientId: fc.constant(clientId),
              serviceAccountsEnabled: fc.constant(true),
              secret: fc.constantFrom('one', 'two'),
              redirectUris: few(['http://a/*', 'http://b/*']),
              attributes: fc.dictionary(
                fc.constantFrom('client.session.max.lifespan', 'x'),
                fc.constantFrom('3600', '600'),
              ),
              defaultClientScopes: few([...have.scopes, 'profile']),
              protocolMappers: mappers,
            }),
          ),
        ),
        scopeMappings: fc.tuple(
          ...have.clientIds.map((client) => fc.record({ client: fc.constant(client), roles: realmRoles })),
        ),
        groups: fc.tuple(
          ...have.groups.map((name) =>
            fc.record({
              name: fc.constant(name),
              realmRoles,
              attributes: fc.record({ a: few(['1', '2']) }),
              subGroups: named(['inner'], (inner) => fc.record({ name: fc.constant(inner) })),
            }),
          ),
        ),
        users: named(['ann', 'bob'], (username) =>
          fc.record({
            username: fc.constant(username),
            email: fc.constantFrom(`${username}@x.test`),
            firstName: maybe(fc.constantFrom('A', 'B')),
            attributes: fc.record({ t: few(['1', '2']) }),
            realmRoles,
            groups: few(have.groups.map((name) => `/${name}`)),
          }),
        ),
      },
      { requiredKeys: ['realm', 'roles', 'clients', 'clientScopes', 'groups'] },
    );
  });

/** Things that a person made by hand, of every kind, in a realm that Keyturn works on as well. */
async function makeByHand(fake: FakeKeycloak): Promise<void> {
  await applyFile(fake, {
    realm: 'r',
    enabled: true,
    attributes: { byHand: 'yes' },
    roles: {
      realm: [{ name: 'hand-role', attributes: { a: ['1'] } }],
      client: { hand: [{ name: 'hand-client-role' }] },
    },
    clientScopes: [{ name: 'hand-scope', protocolMappers: [{ name: 'm', config: { a: 'b' } }] }],
    clients: [
      {
        clientId: 'hand',
        serviceAccountsEnabled: true,
        redirectUris: ['http://hand/*'],
        secret: 'hand',
        attributes: { a: 'b' },
        defaultClientScopes: ['hand-scope'],
      },
    ],
    groups: [
      { name: 'hand-group', attributes: { a: ['b'] }, realmRoles: ['hand-role'], subGroups: [{ name: 'inner' }] },
    ],
    users: [
      {
        username: 'hand-user',
        email: 'hand@x.test',
        attributes: { a: ['b'] },
        realmRoles: ['hand-role'],
        groups: ['/hand-group'],
      },
    ],
  });
  // Made by hand means: nobody recorded it.
  const attributes = fake.realms.get('r')?.representation['attributes'];
  if (typeof attributes === 'object') Reflect.deleteProperty(attributes as object, 'keyturn.ownership');
}

/** The bytes of all that was made by hand. */
function handMade(fake: FakeKeycloak): string {
  const realm = fake.realms.get('r');
  if (realm === undefined) return '';
  const ours = (object: object) =>
    Object.values(object).some((value) => typeof value === 'string' && value.includes('hand'));
  const plain = (value: unknown): unknown => (value instanceof Set ? [...value] : value);
  const objects = [...realm.scopes, ...realm.clients, ...realm.roles, ...realm.groups, ...realm.users].filter(ours);
  const attributes = Object.entries(realm.representation['attributes'] as object).filter(
    ([name]) => name === 'byHand' || name === 'cibaExpiresIn',
  );
  const ties = [...realm.assigned]
    .filter(([id]) => objects.some((object) => object.id === id))
    .map(([, sets]) => [[...sets.default], [...sets.optional]]);
  return JSON.stringify([objects, attributes, ties], (_, value: unknown) => plain(value));
}

describe('from any supported state of a realm to any other', () => {
  it('plan and apply lead to an empty plan, a second apply writes nothing, and what is not owned keeps every byte', async () => {
    await fc.assert(
      fc.asyncProperty(anyRealm, anyRealm, fc.boolean(), async (from, to, prune) => {
        const fake = createFakeKeycloak();
        await makeByHand(fake);
        expect(await applyFile(fake, from, { prune })).toMatchObject({ ok: true, value: { differences: [] } });
        const before = handMade(fake);
        expect(before).toContain('hand-user');

        expect(await applyFile(fake, to, { prune })).toMatchObject({ ok: true, value: { differences: [] } });
        const { plan } = await planOf(fake, to, { prune });
        expect(plan.steps).toEqual([]);
        expect(isEmptyPlan(plan)).toBe(true);
        fake.log.length = 0;
        expect(await applyFile(fake, to, { prune })).toMatchObject({ ok: true, value: { writes: 0 } });
        expect(fake.log.filter((call) => !call.startsWith('GET '))).toEqual([]);
        expect(handMade(fake)).toBe(before);
      }),
      { numRuns: 60 },
    );
  });

  it('an export of any of them holds no secret, and planned again it changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(anyRealm, async (state) => {
        const fake = createFakeKeycloak();
        await makeByHand(fake);
        await applyFile(fake, state);
        const exported = await exportRealm(adminOf(fake), 'r');
        if (!exported.ok) throw new Error(JSON.stringify(exported.refusal));
        const text = stringify(exported.value);
        expect(text).not.toMatch(/secret: (?:one|two|hand)/);
        expect(text).not.toContain('keyturn.ownership');
        const parsed = parseRealmFile(text, { path: 'realm.yaml', env: {} });
        if (!parsed.ok) throw new Error(JSON.stringify(parsed.refusal));
        const planned = await planRealm(adminOf(fake), spreadRealm(parsed.value));
        if (!planned.ok) throw new Error(JSON.stringify(planned.refusal));
        expect(planned.value.plan.steps.filter((step) => step.action !== 'adopt')).toEqual([]);
        expect(changesNothing(planned.value.plan)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
