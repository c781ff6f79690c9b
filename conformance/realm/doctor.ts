import assert from 'node:assert/strict';
import type { Json, JsonObject } from '@keyturn/protocol';
import { diagnoseExchange, type DoctorContext, type DoctorSettings, parseRealmFile, runDoctor } from '@keyturn/realm';
import type { Case } from './stories.ts';
import { files } from './stories.ts';
import { applyText, dropRealm, type Subject } from './subject.ts';
import { accessToken } from './tokens.ts';

const realm = 'tools-provider';
const requester = 'tools-provider-token-exchange';

/** Writes to the realm behind Keyturn's back, as a person in the console would. */
async function byHand({ admin }: Subject, method: 'PUT' | 'POST' | 'DELETE', path: string, body?: Json): Promise<void> {
  await admin.write({
    method,
    path: `/${realm}${path}`,
    ...(body === undefined ? {} : { body }),
    landed: async () => false,
  });
}

function idIn(object: JsonObject | undefined): string {
  assert.ok(typeof object?.['id'] === 'string');
  return object['id'];
}

async function idOf({ admin }: Subject, clientId: string): Promise<string> {
  const [client] = await admin.list(`/${realm}/clients?clientId=${clientId}`, 0);
  return idIn(client);
}

async function changeClient(subject: Subject, clientId: string, change: Record<string, Json>): Promise<void> {
  await byHand(subject, 'PUT', `/clients/${await idOf(subject, clientId)}`, { clientId, ...change });
}

async function wrong(subject: Subject, settings: Partial<DoctorSettings> = {}): Promise<readonly string[]> {
  const { url, fetch, admin } = subject;
  const findings = await runDoctor({
    settings: { keycloakUrl: url, realm, ...settings },
    fetch,
    clock: () => Date.now(),
    admin,
  });
  return [
    ...new Set(
      findings.filter(({ severity }) => severity === 'error' || severity === 'warning').map(({ check }) => check),
    ),
  ];
}

/** Something a person might have done, and the one check that must say so. */
const faults: readonly (readonly [
  check: string,
  what: string,
  breakIt: (subject: Subject) => Promise<void>,
  settings?: Partial<DoctorSettings>,
])[] = [
  ['full-scope', 'full scope switched on', (subject) => changeClient(subject, requester, { fullScopeAllowed: true })],
  ['events', 'events switched off', (subject) => byHand(subject, 'PUT', '', { eventsEnabled: false })],
  [
    'exchange-attribute',
    'the switch under the seed’s name',
    (subject) =>
      changeClient(subject, requester, {
        attributes: { 'standard.token.exchange.enabled': 'false', 'oauth2.token.exchange.grant.enabled': 'true' },
      }),
  ],
  [
    'pat-lifespan',
    'a lifespan that the session caps',
    (subject) => changeClient(subject, requester, { attributes: { 'access.token.lifespan': '31536000' } }),
  ],
  [
    'secret-stand-in',
    'a masked secret written back',
    (subject) => changeClient(subject, requester, { secret: '**********' }),
  ],
  ['basic-scope', 'the scope basic taken away', dropBasic],
  [
    'id-token-audience',
    'an audience mapper for ID tokens',
    async (subject) =>
      byHand(subject, 'POST', `/clients/${await idOf(subject, requester)}/protocol-mappers/models`, {
        name: 'id',
        protocol: 'openid-connect',
        protocolMapper: 'oidc-audience-mapper',
        config: { 'included.custom.audience': 'x', 'id.token.claim': 'true' },
      }),
  ],
  [
    'incomplete-users',
    'a user without a name',
    (subject) => byHand(subject, 'POST', '/users', { username: 'nameless', enabled: true }),
  ],
  [
    'realm-file',
    'a file that was not applied',
    async () => undefined,
    { realmFile: parsed(`${files.toolsProvider}\ndisplayName: New`) },
  ],
  [
    'client-secret',
    'a service with an old secret',
    async () => undefined,
    { clientId: requester, clientSecret: 'old' },
  ],
  [
    'issuer',
    'a service with another issuer',
    async () => undefined,
    { issuer: 'http://localhost:1/realms/tools-provider' },
  ],
  ['keys', 'a key address that nobody answers', async () => undefined, { jwksUrl: 'http://localhost:1/certs' }],
];

function parsed(text: string) {
  const file = parseRealmFile(text, { path: 'realm.yaml', env: {} });
  if (!file.ok) throw new Error(JSON.stringify(file.refusal));
  return file.value;
}

async function dropBasic(subject: Subject): Promise<void> {
  const scopes = await subject.admin.list(`/${realm}/client-scopes`, 0);
  const basic = scopes.find(({ name }) => name === 'basic');
  await byHand(
    subject,
    'DELETE',
    `/clients/${await idOf(subject, 'tools-provider-frontend')}/default-client-scopes/${idIn(basic)}`,
  );
}

async function freshRealm(subject: Subject): Promise<void> {
  await dropRealm(subject, realm);
  await applyText(subject, files.toolsProvider);
}

async function walk(subject: Subject, token: string, audience = 'pizzeria-backend') {
  const { url, fetch, admin } = subject;
  const context: DoctorContext = {
    settings: { keycloakUrl: url, realm },
    fetch,
    clock: () => Date.now(),
    admin,
    once: (_key, gather) => gather(),
  };
  const findings = await diagnoseExchange(context, { token, audience, requesterId: requester });
  return findings.find(({ severity }) => severity === 'error')?.check ?? 'none';
}

async function scopeIdOf({ admin }: Subject, name: string): Promise<string> {
  return idIn((await admin.list(`/${realm}/client-scopes`, 0)).find((scope) => scope['name'] === name));
}

/** What breaks an exchange, in the order of its conditions, and the condition that the doctor must name. */
const exchangeFaults: readonly (readonly [
  condition: string,
  what: string,
  breakIt: (subject: Subject) => Promise<void>,
])[] = [
  [
    'switch',
    'the switch is off',
    (subject) => changeClient(subject, requester, { attributes: { 'standard.token.exchange.enabled': 'false' } }),
  ],
  [
    'audience',
    'the audience’s client is disabled',
    (subject) => changeClient(subject, 'pizzeria-backend', { enabled: false }),
  ],
  [
    'audience-available',
    'the scope is not assigned',
    async (subject) =>
      byHand(
        subject,
        'DELETE',
        `/clients/${await idOf(subject, requester)}/default-client-scopes/${await scopeIdOf(subject, 'pizzeria-audience')}`,
      ),
  ],
  ['audience-available', 'the scope has no mapper', removeMapper],
  [
    'session',
    'the user has logged out',
    async (subject) => {
      const [user] = await subject.admin.list(`/${realm}/users?username=johndoe&exact=true`, 0);
      await byHand(subject, 'POST', `/users/${idIn(user)}/logout`);
    },
  ],
];

async function removeMapper(subject: Subject): Promise<void> {
  const scope = await scopeIdOf(subject, 'pizzeria-audience');
  const [mapper] = await subject.admin.list(`/${realm}/client-scopes/${scope}/protocol-mappers/models`, 0);
  await byHand(subject, 'DELETE', `/client-scopes/${scope}/protocol-mappers/models/${idIn(mapper)}`);
}

const userToken = (subject: Subject, client = 'tools-provider-frontend') =>
  accessToken(subject, realm, { grant_type: 'password', client_id: client, username: 'johndoe', password: 'password' });

export const doctorCases: readonly Case[] = [
  {
    name: 'doctor: a whole realm is whole',
    async run(subject) {
      await freshRealm(subject);
      const settings = {
        audience: requester,
        identityClaim: 'azp',
        subjects: ['tools-provider-frontend'],
        token: await userToken(subject),
        clientId: requester,
        clientSecret: 'your-secret-here',
        realmFile: parsed(files.toolsProvider),
      };
      assert.deepEqual(await wrong(subject, settings), []);
      assert.equal(await walk(subject, await userToken(subject)), 'none');
    },
  },
  ...faults.map(([check, what, breakIt, settings]) => ({
    name: `doctor: ${what} is told by ${check} alone`,
    async run(subject: Subject) {
      await freshRealm(subject);
      await breakIt(subject);
      assert.deepEqual(await wrong(subject, settings), [check]);
    },
  })),
  ...exchangeFaults.map(([condition, what, breakIt]) => ({
    name: `doctor exchange: ${what}`,
    async run(subject: Subject) {
      await freshRealm(subject);
      const token = await userToken(subject);
      await breakIt(subject);
      assert.equal(await walk(subject, token), `exchange/${condition}`);
    },
  })),
  {
    name: 'doctor: introspection by a client that is not in aud is told from an ended session',
    async run(subject) {
      await freshRealm(subject);
      await byHand(subject, 'POST', '/clients', { clientId: 'stranger', secret: 's', publicClient: false });
      const token = await userToken(subject);
      assert.deepEqual(await wrong(subject, { token, clientId: 'stranger', clientSecret: 's' }), ['introspection']);
      assert.deepEqual(await wrong(subject, { token, clientId: requester, clientSecret: 'your-secret-here' }), []);
    },
  },
  {
    name: 'doctor exchange: the requester is not in aud, and no client is the audience',
    async run(subject) {
      await freshRealm(subject);
      await applyText(
        subject,
        files.toolsProvider.replace(
          'clients:',
          'clients:\n  - {clientId: stranger, publicClient: true, directAccessGrantsEnabled: true}',
        ),
      );
      assert.equal(await walk(subject, await userToken(subject, 'stranger')), 'exchange/requester-in-aud');
      assert.equal(await walk(subject, await userToken(subject), 'nowhere'), 'exchange/audience');
    },
  },
];
