import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { sameValue } from '../plan/fields.ts';
import { newRealm } from './new-realm.ts';
import type { ObjectRef } from './objects.ts';

// What Keycloak 26.7.3 gives what is new. An export needs it, to leave out what nobody chose: where another version has
// another default, the template is a line longer and as right.

const client: JsonObject = {
  surrogateAuthRequired: false,
  enabled: true,
  alwaysDisplayInConsole: false,
  clientAuthenticatorType: 'client-secret',
  redirectUris: [],
  webOrigins: [],
  notBefore: 0,
  bearerOnly: false,
  consentRequired: false,
  standardFlowEnabled: true,
  implicitFlowEnabled: false,
  directAccessGrantsEnabled: false,
  serviceAccountsEnabled: false,
  publicClient: false,
  frontchannelLogout: false,
  protocol: 'openid-connect',
  attributes: { realm_client: 'false' },
  authenticationFlowBindingOverrides: {},
  fullScopeAllowed: true,
  nodeReRegistrationTimeout: -1,
};

const mapper: JsonObject = {
  protocol: 'openid-connect',
  consentRequired: false,
  // Added by the server to every mapper (FACTS §7).
  config: { 'introspection.token.claim': 'true' },
};

/** Members that change by themselves or repeat what is said elsewhere. */
const noise: Partial<Record<ObjectRef['type'], readonly string[]>> = {
  realm: ['id', 'defaultRole', 'clientProfiles', 'clientPolicies', 'notBefore', 'requiredCredentials', 'defaultGroups'],
  client: ['id', 'access', 'protocolMappers', 'defaultClientScopes', 'optionalClientScopes', 'origin'],
  'client-scope': ['id', 'protocolMappers'],
  'realm-role': ['id', 'containerId', 'composite', 'clientRole', 'composites'],
  'client-role': ['id', 'containerId', 'composite', 'clientRole', 'composites'],
  'client-mapper': ['id'],
  'client-scope-mapper': ['id'],
  'identity-provider-mapper': ['id'],
  group: ['id', 'path', 'parentId', 'subGroups', 'subGroupCount', 'access', 'realmRoles', 'clientRoles'],
  'identity-provider': ['internalId', 'types'],
};

const defaults: Partial<Record<ObjectRef['type'], JsonObject>> = {
  realm: newRealm,
  client,
  'client-mapper': mapper,
  'client-scope-mapper': mapper,
};

/** The fields of an object that somebody chose: without Keycloak's defaults, ids and empty members. */
export function chosenFields(type: ObjectRef['type'], fields: JsonObject): JsonObject {
  const own = Object.entries(fields).filter(([name]) => noise[type]?.includes(name) !== true);
  return strip(Object.fromEntries(own), defaults[type] ?? {}) ?? {};
}

function strip(value: JsonObject, known: JsonObject): JsonObject | undefined {
  const kept = Object.entries(value).flatMap(([name, member]): [string, Json][] => {
    if (member === undefined || name === 'client.secret.creation.time') return [];
    const usual = known[name];
    if (isJsonObject(member)) {
      const inner = strip(member, isJsonObject(usual) ? usual : {});
      return inner === undefined ? [] : [[name, inner]];
    }
    return sameValue(member, usual) ? [] : [[name, member]];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
