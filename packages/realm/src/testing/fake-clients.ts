import { textOf } from '../model/members.ts';
import { type Answer, type Call, notFound, conflict, done, page, setOf, ofCollection } from './fake-answers.ts';
import type { FakeRealm, Stored } from './fake-realm.ts';
import { ofRoles, removeRoles, ofRoleSet } from './fake-roles.ts';
import type { JsonObject } from '@keyturn/protocol';

export function ofScopes(call: Call, realm: FakeRealm, rest: readonly string[], newId: () => string): Answer {
  const [id, below] = rest;
  const scope = realm.scopes.find((one) => one.id === id);
  if (below === 'protocol-mappers' && scope !== undefined) return ofMappers(call, scope, rest.slice(3), newId);
  if (below === 'scope-mappings')
    return ofRoleSet(call, realm, setOf(realm.scopeMappings, `scope:${id}`), rest.slice(2));
  if (call.method === 'POST' && (call.body as JsonObject)['protocol'] === undefined)
    return { status: 400, body: { errorMessage: 'Unexpected protocol' } };
  const answer = ofCollection(call, realm.scopes, rest, newId, 'name', 'Client Scope');
  if (call.method === 'DELETE' && id !== undefined) {
    for (const set of [realm.defaultScopes, realm.optionalScopes]) set.delete(id);
    for (const { default: one, optional } of realm.assigned.values()) for (const set of [one, optional]) set.delete(id);
  }
  const made = realm.scopes.at(-1);
  if (call.method === 'POST' && answer.status === 201 && made !== undefined) made['protocolMappers'] ??= [];
  return answer;
}

function ofMappers(call: Call, owner: Stored, rest: readonly string[], newId: () => string): Answer {
  const list = (owner['protocolMappers'] ??= []) as Stored[];
  if (call.method === 'PUT' && (call.body as JsonObject)['id'] === undefined)
    return { status: 500, body: { error: 'unknown_error' } };
  const answer = ofCollection(call, list, rest, newId, 'name', 'Protocol mapper');
  for (const mapper of list)
    mapper['config'] = { 'introspection.token.claim': 'true', ...(mapper['config'] as object) };
  return answer.status === 409 ? conflict('Protocol mapper exists with same name') : answer;
}

export function ofClients(call: Call, realm: FakeRealm, rest: readonly string[], newId: () => string): Answer {
  const [id, below, third, fourth] = rest;
  if (id === undefined) return call.method === 'GET' ? listClients(call, realm) : createClient(call, realm, newId);
  const client = realm.clients.find((one) => one.id === id);
  const assigned = realm.assigned.get(id);
  if (client === undefined || assigned === undefined) return notFound('client');
  if (below === 'protocol-mappers') return ofMappers(call, client, rest.slice(3), newId);
  if (below === 'roles') return ofRoles(call, realm, id, rest.slice(2), newId);
  if (below === 'scope-mappings')
    return ofRoleSet(call, realm, setOf(realm.scopeMappings, `client:${id}`), rest.slice(2));
  if (below === 'default-client-scopes' || below === 'optional-client-scopes') {
    const kind = below === 'default-client-scopes' ? 'default' : 'optional';
    const other = assigned[kind === 'default' ? 'optional' : 'default'];
    // Optional while default: 204 and nothing happens.
    if (call.method === 'PUT' && third !== undefined && other.has(third)) return done;
    return ofScopeSet(call, realm, assigned[kind], third);
  }
  if (below !== undefined) return notFound(`resource ${fourth ?? below}`);
  if (call.method === 'GET') return { status: 200, body: showClient(client, realm) };
  if (call.method === 'DELETE') {
    realm.clients.splice(realm.clients.indexOf(client), 1);
    removeRoles(realm, (role) => role['containerId'] === id);
    return done;
  }
  return putClient(client, call.body as JsonObject, realm, newId);
}

function listClients({ query }: Call, realm: FakeRealm): Answer {
  const clientId = query.get('clientId');
  const found = realm.clients.filter((one) => clientId === null || one['clientId'] === clientId);
  return { status: 200, body: page(found, query).map((client) => showClient(client, realm)) };
}

function showClient(client: Stored, realm: FakeRealm): object {
  const names = (ids: Set<string> | undefined) =>
    realm.scopes.filter((scope) => ids?.has(scope.id)).map((scope) => scope['name']);
  const assigned = realm.assigned.get(client.id);
  return { ...client, defaultClientScopes: names(assigned?.default), optionalClientScopes: names(assigned?.optional) };
}

function createClient({ body }: Call, realm: FakeRealm, newId: () => string): Answer {
  const { protocolMappers, ...fields } = body as JsonObject;
  if (realm.clients.some((one) => one['clientId'] === fields['clientId']))
    return conflict(`Client ${textOf(fields['clientId'])} already exists`);
  const refused = checkSessionMax(fields, realm);
  if (refused !== undefined) return refused;
  const id = newId();
  const client: Stored = {
    enabled: true,
    fullScopeAllowed: true,
    redirectUris: [],
    secret: `generated-${id}`,
    ...fields,
    attributes: { ...(fields['attributes'] as object) },
    id,
  };
  client['protocolMappers'] = ((protocolMappers ?? []) as JsonObject[]).map((mapper) => ({ ...mapper, id: newId() }));
  realm.clients.push(client);
  realm.assigned.set(id, { default: new Set(realm.defaultScopes), optional: new Set(realm.optionalScopes) });
  if (fields['serviceAccountsEnabled'] === true) {
    const username = `service-account-${textOf(fields['clientId']).toLowerCase()}`;
    realm.users.push({
      id: newId(),
      username,
      enabled: true,
      serviceAccountClientId: fields['clientId'],
      roles: new Set(),
      groups: new Set(),
    });
  }
  return { status: 201, location: id };
}

function putClient(client: Stored, body: JsonObject, realm: FakeRealm, newId: () => string): Answer {
  const refused = checkSessionMax(body, realm);
  if (refused !== undefined) return refused;
  const { attributes, protocolMappers, defaultClientScopes: _ignored, optionalClientScopes: _too, ...fields } = body;
  Object.assign(client, fields, { id: client.id });
  const merged = Object.entries({ ...(client['attributes'] as object), ...(attributes as object) });
  client['attributes'] = Object.fromEntries(merged.filter(([, value]) => value !== '' && value !== null));
  if (protocolMappers !== undefined)
    client['protocolMappers'] = (protocolMappers as JsonObject[]).map((mapper) => ({ ...mapper, id: newId() }));
  return done;
}

function checkSessionMax(body: JsonObject, realm: FakeRealm): Answer | undefined {
  const max = Number((body['attributes'] as JsonObject | undefined)?.['client.session.max.lifespan'] ?? 0);
  return max > Number(realm.representation['ssoSessionMaxLifespan'])
    ? {
        status: 400,
        body: {
          error: 'invalid_input',
          error_description: 'Client session max lifespan cannot exceed realm SSO session max lifespan.',
        },
      }
    : undefined;
}

export function ofScopeSet(call: Call, realm: FakeRealm, set: Set<string>, id: string | undefined): Answer {
  if (id === undefined) return { status: 200, body: realm.scopes.filter((scope) => set.has(scope.id)) };
  if (!realm.scopes.some((scope) => scope.id === id)) return notFound('client scope');
  if (call.method === 'PUT') set.add(id);
  else set.delete(id);
  return done;
}
