import type { Json, JsonObject } from '@keyturn/protocol';
import {
  type Client,
  findRole,
  type IdpState,
  type NewClient,
  type ProtocolMapper,
  type Realm,
} from '../model/index.ts';
import { flag, list, number, objects, present, text, textMap, texts } from './fields.ts';

/** The mappers of a representation; those without an id get one. */
export function mappersFrom(state: IdpState, value: Json | undefined): readonly ProtocolMapper[] {
  return objects(value).map((it) => ({
    id: text(it, 'id') ?? state.newUuid(),
    name: text(it, 'name') ?? '',
    protocol: text(it, 'protocol') ?? 'openid-connect',
    protocolMapper: text(it, 'protocolMapper') ?? '',
    consentRequired: flag(it, 'consentRequired') ?? false,
    config: textMap(it['config']),
  }));
}

/** Ids of the client scopes with these names, unknown ones left out as Keycloak does. */
export function scopeIds(state: IdpState, realmId: string, names: readonly string[]): readonly string[] {
  return names.flatMap((name) => state.scopes.one(realmId, 'name', name)?.id ?? []);
}

/**
 * The members of a ClientRepresentation that are there, as the model has them. Scopes and mappers are set only if
 * named; attributes are the representation's own. For creating (`createClient`) and, spread over a client, for PUT.
 */
export function clientFrom(state: IdpState, realm: Realm, it: JsonObject): NewClient {
  const named = <T>(name: string, read: (value: Json | undefined) => T): T | undefined =>
    it[name] === undefined || it[name] === null ? undefined : read(it[name]);
  const members = {
    id: text(it, 'id'),
    clientId: text(it, 'clientId'),
    name: text(it, 'name'),
    description: text(it, 'description'),
    type: text(it, 'type'),
    rootUrl: text(it, 'rootUrl'),
    adminUrl: text(it, 'adminUrl'),
    baseUrl: text(it, 'baseUrl'),
    surrogateAuthRequired: flag(it, 'surrogateAuthRequired'),
    enabled: flag(it, 'enabled'),
    alwaysDisplayInConsole: flag(it, 'alwaysDisplayInConsole'),
    clientAuthenticatorType: text(it, 'clientAuthenticatorType'),
    secret: text(it, 'secret'),
    redirectUris: named('redirectUris', texts),
    webOrigins: named('webOrigins', texts),
    notBefore: number(it, 'notBefore'),
    bearerOnly: flag(it, 'bearerOnly'),
    consentRequired: flag(it, 'consentRequired'),
    standardFlowEnabled: flag(it, 'standardFlowEnabled'),
    implicitFlowEnabled: flag(it, 'implicitFlowEnabled'),
    directAccessGrantsEnabled: flag(it, 'directAccessGrantsEnabled'),
    serviceAccountsEnabled: flag(it, 'serviceAccountsEnabled'),
    publicClient: flag(it, 'publicClient'),
    frontchannelLogout: flag(it, 'frontchannelLogout'),
    protocol: text(it, 'protocol'),
    attributes: named('attributes', textMap),
    authenticationFlowBindingOverrides: named('authenticationFlowBindingOverrides', textMap),
    fullScopeAllowed: flag(it, 'fullScopeAllowed'),
    nodeReRegistrationTimeout: number(it, 'nodeReRegistrationTimeout'),
    protocolMappers: named('protocolMappers', (value) => mappersFrom(state, value)),
    defaultScopeIds: named('defaultClientScopes', (value) => scopeIds(state, realm.id, texts(value))),
    optionalScopeIds: named('optionalClientScopes', (value) => scopeIds(state, realm.id, texts(value))),
  };
  return present(members);
}

/** Applies `scopeMappings` and `clientScopeMappings` of a realm representation: which roles tokens may carry. */
export function importScopeMappings(state: IdpState, realm: Realm, representation: JsonObject): void {
  const add = (mapping: JsonObject, roleOwner: Client | undefined): void => {
    const ids = texts(mapping['roles']).flatMap((name) => findRole(state, realm.id, name, roleOwner?.id)?.id ?? []);
    const client = state.clients.one(realm.id, 'clientId', text(mapping, 'client') ?? '');
    if (client !== undefined) state.clients.put({ ...client, scopeRoleIds: union(client.scopeRoleIds, ids) });
    const scope = state.scopes.one(realm.id, 'name', text(mapping, 'clientScope') ?? '');
    if (scope !== undefined) state.scopes.put({ ...scope, scopeRoleIds: union(scope.scopeRoleIds, ids) });
  };
  for (const mapping of objects(representation['scopeMappings'])) add(mapping, undefined);
  const byClient = representation['clientScopeMappings'];
  if (typeof byClient !== 'object' || byClient === null || Array.isArray(byClient)) return;
  for (const [clientId, mappings] of Object.entries(byClient)) {
    const owner = state.clients.one(realm.id, 'clientId', clientId);
    if (owner !== undefined) for (const mapping of objects(list(mappings))) add(mapping, owner);
  }
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])];
}
