import type { JsonObject } from '@keyturn/protocol';
import { claimMappers } from '../claims/collect.ts';
import { keyProviderType, userProfileType } from '../admin/representation/component.ts';
import { unenforcedPolicies } from '../browser/login/password-policy.ts';
import { flag, list, object, objects, text } from './fields.ts';

// Members of a representation that are kept and shown again, but that nothing here obeys.
const keptOnly = [
  'identityProviders',
  'identityProviderMappers',
  'authenticationFlows',
  'authenticatorConfig',
  'userFederationProviders',
  'userFederationMappers',
  'organizations',
  'localizationTexts',
  'federatedUsers',
  'applications',
  'oauthClients',
] as const;

/** The members of a realm representation that are stored without effect. */
export function keptMembers(representation: JsonObject): JsonObject {
  return Object.fromEntries(
    keptOnly.flatMap((name) => (isEmpty(representation[name]) ? [] : [[name, representation[name]]])),
  );
}

/** What of a realm representation has no effect here, in words for one warning. */
export function unsupportedIn(representation: JsonObject): readonly string[] {
  const ownFlows = objects(representation['authenticationFlows']).some((it) => flag(it, 'builtIn') !== true);
  // Every export of Keycloak holds the built-in flows: those are no loss.
  const found: string[] = keptOnly.filter(
    (name) => !isEmpty(representation[name]) && (ownFlows || !name.startsWith('authenticat')),
  );
  for (const [type, components] of Object.entries(object(representation['components']))) {
    if (
      type !== keyProviderType &&
      type !== userProfileType &&
      objects(components).length > 0 &&
      !type.startsWith('org.keycloak.services.clientregistration')
    ) {
      found.push(`components of type ${type}`);
    }
  }
  for (const name of ['clientPolicies', 'clientProfiles']) {
    const lists = Object.values(object(representation[name]));
    if (lists.some((it) => Array.isArray(it) && it.length > 0)) found.push(name);
  }
  found.push(...unenforcedPolicies(text(representation, 'passwordPolicy') ?? '').map((it) => `passwordPolicy ${it}`));
  const flags = [
    'internationalizationEnabled',
    'organizationsEnabled',
    'userManagedAccessAllowed',
    'adminPermissionsEnabled',
  ];
  found.push(...flags.filter((name) => flag(representation, name) === true));
  for (const scope of objects(representation['clientScopes']))
    found.push(...mappersIn(scope, `client scope ${text(scope, 'name')}`));
  for (const client of objects(representation['clients'])) found.push(...unsupportedInClient(client));
  for (const user of objects(representation['users'])) {
    const name = `user ${text(user, 'username')}`;
    if (objects(user['federatedIdentities']).length > 0) found.push(`${name}: federatedIdentities`);
    if (text(user, 'federationLink') !== undefined) found.push(`${name}: federationLink`);
  }
  return found;
}

function unsupportedInClient(client: JsonObject): readonly string[] {
  const name = `client ${text(client, 'clientId')}`;
  const found: string[] = [];
  if (text(client, 'protocol') === 'saml') found.push(`${name}: protocol saml`);
  // It is taken as the secret all the same, as in Keycloak.
  if (text(client, 'secret') === '**********') found.push(`${name}: secret is the mask of an export`);
  if (flag(client, 'implicitFlowEnabled') === true) found.push(`${name}: implicitFlowEnabled`);
  if (flag(client, 'authorizationServicesEnabled') === true) found.push(`${name}: authorizationServicesEnabled`);
  if (flag(client, 'frontchannelLogout') === true) found.push(`${name}: frontchannelLogout`);
  if (Object.keys(object(client['authenticationFlowBindingOverrides'])).length > 0) {
    found.push(`${name}: authenticationFlowBindingOverrides`);
  }
  if (text(client, 'clientAuthenticatorType') === 'client-x509')
    found.push(`${name}: clientAuthenticatorType client-x509`);
  return [...found, ...mappersIn(client, name)];
}

function mappersIn(owner: JsonObject, name: string): readonly string[] {
  if (text(owner, 'protocol') === 'saml') return [];
  return objects(owner['protocolMappers'])
    .map((mapper) => text(mapper, 'protocolMapper') ?? '')
    .filter((type) => !Object.hasOwn(claimMappers, type))
    .map((type) => `${name}: mapper ${type}`);
}

function isEmpty(value: JsonObject[string]): boolean {
  return (
    value === undefined ||
    value === null ||
    (Array.isArray(value) ? list(value).length === 0 : Object.keys(object(value)).length === 0)
  );
}
