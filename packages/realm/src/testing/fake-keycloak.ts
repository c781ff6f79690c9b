import { textOf } from '../model/members.ts';
import { type Answer, type Call, notFound, conflict, done, ofCollection } from './fake-answers.ts';
import { ofScopes, ofClients, ofScopeSet } from './fake-clients.ts';
import { ofDefaultGroups, ofGroups, ofUsers } from './fake-people.ts';
import { createFakeRealm, type FakeRealm } from './fake-realm.ts';
import { ofRoles, ofRole } from './fake-roles.ts';
import type { GuardedFetch, GuardedRequest } from '@keyturn/net';
import type { JsonObject } from '@keyturn/protocol';

export interface FakeKeycloak {
  readonly url: string;
  readonly fetch: GuardedFetch;
  readonly realms: Map<string, FakeRealm>;
  /** Every request of the admin API so far: `POST /aip/clients`. */
  readonly log: string[];
  /** What `/admin/serverinfo` says. */
  serverInfo: JsonObject;
  /**
   * Called before each request; what it returns is answered instead. `'drop'` breaks the connection before, `'lose'` after;
   * `'late'`: the same request of a run that was killed lands just before this one.
   */
  intercept?: ((call: string) => Answer | 'drop' | 'lose' | 'late' | undefined) | undefined;
}

/**
 * Keycloak's admin API in memory, with the semantics of FACTS §7 that a provisioner trips over: POST without `enabled`
 * makes a disabled realm, a realm's attributes are replaced and a client's merged, a client's PUT replaces its mappers and ignores
 * its scopes, a mapper's PUT needs its id, a user's PUT with attributes erases the profile, lists of groups have no
 * subgroups, names alone map no role. It signs nothing and checks no rights: what tokens hold is for `conformance/realm`.
 */
export function createFakeKeycloak(): FakeKeycloak {
  let count = 0;
  const newId = () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`;
  const realms = new Map<string, FakeRealm>();
  const log: string[] = [];
  const url = 'http://fake.test';
  const serverInfo = { systemInfo: { version: '26.7.3' } };
  const fake: FakeKeycloak = {
    url,
    realms,
    log,
    serverInfo,
    fetch: Object.assign(fetch, { close, [Symbol.asyncDispose]: close }),
  };
  return fake;

  async function close(): Promise<void> {}

  async function fetch(target: string | URL, request: GuardedRequest = {}): ReturnType<GuardedFetch> {
    const { pathname, searchParams } = new URL(target);
    const method = request.method ?? 'GET';
    if (pathname.endsWith('/protocol/openid-connect/token'))
      return reply({ status: 200, body: { access_token: 'admin', expires_in: 60 } });
    if (pathname === '/admin/serverinfo') return reply({ status: 200, body: fake.serverInfo });
    const parts = pathname.split('/').slice(3).map(decodeURIComponent);
    const call = `${method} /${parts.join('/')}`;
    log.push(call);
    const instead = fake.intercept?.(call);
    if (instead === 'drop') return broken();
    if (typeof instead === 'object') return reply(instead);
    const body: unknown = typeof request.body === 'string' ? JSON.parse(request.body) : undefined;
    const carryOut = () => answerTo({ method, parts, query: searchParams, body }, realms, newId);
    if (instead === 'late') carryOut();
    const answer = carryOut();
    return instead === 'lose' ? broken() : reply(answer);
  }
}

function broken(): Awaited<ReturnType<GuardedFetch>> {
  return { ok: false, refusal: { why: 'connect', url: 'http://fake.test', code: 'ECONNRESET' } } as unknown as Awaited<
    ReturnType<GuardedFetch>
  >;
}

function reply({ status, body, location }: Answer): Awaited<ReturnType<GuardedFetch>> {
  const text = body === undefined ? '' : JSON.stringify(body);
  return {
    ok: true,
    value: {
      status,
      headers: {
        get: (name: string) =>
          name === 'location' && location !== undefined ? `http://fake.test/${location}` : undefined,
      },
      body: new TextEncoder().encode(text),
      text: () => text,
      url: 'http://fake.test',
    },
  } as unknown as Awaited<ReturnType<GuardedFetch>>;
}

function answerTo(call: Call, realms: Map<string, FakeRealm>, newId: () => string): Answer {
  const [name, kind, ...rest] = call.parts;
  if (name === undefined) return createRealm(call, realms, newId);
  const realm = realms.get(name);
  if (realm === undefined) return { status: 404, body: { error: 'Realm not found.' } };
  if (kind === undefined) return ofRealm(call, realm);
  const routes: Record<string, () => Answer> = {
    'client-scopes': () => ofScopes(call, realm, rest, newId),
    clients: () => ofClients(call, realm, rest, newId),
    roles: () => ofRoles(call, realm, realm.representation.id, rest, newId),
    'roles-by-id': () => ofRole(call, realm, rest),
    groups: () => ofGroups(call, realm, rest, newId),
    users: () => ofUsers(call, realm, rest, newId),
    'default-default-client-scopes': () => ofScopeSet(call, realm, realm.defaultScopes, rest[0]),
    'default-optional-client-scopes': () => ofScopeSet(call, realm, realm.optionalScopes, rest[0]),
    'default-groups': () => ofDefaultGroups(call, realm, rest[0]),
    'identity-provider': () => ofCollection(call, realm.providers, rest.slice(1), newId, 'alias', 'Identity Provider'),
    'client-policies': () => ofPolicies(call, realm, rest[0] === 'profiles' ? 'profiles' : 'policies'),
  };
  return routes[kind]?.() ?? notFound('resource');
}

function createRealm({ method, body }: Call, realms: Map<string, FakeRealm>, newId: () => string): Answer {
  if (method !== 'POST') return { status: 200, body: [...realms.values()].map((realm) => realm.representation) };
  const representation = body as JsonObject;
  const name = textOf(representation['realm']);
  if (realms.has(name)) return conflict(`Realm ${name} already exists`);
  realms.set(name, createFakeRealm(representation, newId));
  return { status: 201, location: name };
}

function ofRealm({ method, body }: Call, realm: FakeRealm): Answer {
  const policies = { clientProfiles: { profiles: realm.profiles }, clientPolicies: { policies: realm.policies } };
  if (method === 'GET') return { status: 200, body: { ...realm.representation, ...policies } };
  Object.assign(realm.representation, body);
  return done;
}

function ofPolicies({ method, body }: Call, realm: FakeRealm, list: 'profiles' | 'policies'): Answer {
  if (method === 'PUT') realm[list] = (body as Record<string, JsonObject[]>)[list] ?? [];
  return method === 'PUT' ? done : { status: 200, body: { [list]: realm[list] } };
}
