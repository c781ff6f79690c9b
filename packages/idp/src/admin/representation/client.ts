import type { Client, IdpState } from '../../model/index.ts';
import { anything, flag, identifier, integer, list, mapOf, name, object, text, texts } from '../json/shape.ts';
import { mapperReader, showMapper } from './mapper.ts';

/** Keycloak's ClientRepresentation. Members that nothing here acts on are read and dropped. */
export const clientReader = object('ClientRepresentation', {
  id: identifier,
  clientId: name,
  name: name,
  description: text,
  type: text,
  rootUrl: text,
  adminUrl: text,
  baseUrl: text,
  surrogateAuthRequired: flag,
  enabled: flag,
  alwaysDisplayInConsole: flag,
  clientAuthenticatorType: text,
  secret: text,
  registrationAccessToken: text,
  defaultRoles: texts,
  redirectUris: texts,
  webOrigins: texts,
  notBefore: integer,
  bearerOnly: flag,
  consentRequired: flag,
  standardFlowEnabled: flag,
  implicitFlowEnabled: flag,
  directAccessGrantsEnabled: flag,
  serviceAccountsEnabled: flag,
  authorizationServicesEnabled: flag,
  directGrantsOnly: flag,
  publicClient: flag,
  frontchannelLogout: flag,
  protocol: text,
  attributes: mapOf(text),
  authenticationFlowBindingOverrides: mapOf(text),
  fullScopeAllowed: flag,
  nodeReRegistrationTimeout: integer,
  registeredNodes: mapOf(integer),
  protocolMappers: list(mapperReader),
  clientTemplate: text,
  useTemplateConfig: flag,
  useTemplateScope: flag,
  useTemplateMappers: flag,
  defaultClientScopes: texts,
  optionalClientScopes: texts,
  authorizationSettings: anything,
  access: mapOf(flag),
  origin: text,
});

export type ClientRepresentation = NonNullable<ReturnType<typeof clientReader>>;

/** A client as the admin API and exports show it. */
export function showClient(state: IdpState, client: Client): object {
  const names = (ids: readonly string[]): readonly string[] => ids.flatMap((id) => state.scopes.get(id)?.name ?? []);
  return {
    id: client.id,
    clientId: client.clientId,
    ...present(client, 'name'),
    ...present(client, 'description'),
    ...present(client, 'type'),
    ...present(client, 'rootUrl'),
    ...present(client, 'adminUrl'),
    ...present(client, 'baseUrl'),
    surrogateAuthRequired: client.surrogateAuthRequired,
    enabled: client.enabled,
    alwaysDisplayInConsole: client.alwaysDisplayInConsole,
    clientAuthenticatorType: client.clientAuthenticatorType,
    ...(client.publicClient ? {} : present(client, 'secret')),
    redirectUris: client.redirectUris,
    webOrigins: client.webOrigins,
    notBefore: client.notBefore,
    bearerOnly: client.bearerOnly,
    consentRequired: client.consentRequired,
    standardFlowEnabled: client.standardFlowEnabled,
    implicitFlowEnabled: client.implicitFlowEnabled,
    directAccessGrantsEnabled: client.directAccessGrantsEnabled,
    serviceAccountsEnabled: client.serviceAccountsEnabled,
    publicClient: client.publicClient,
    frontchannelLogout: client.frontchannelLogout,
    protocol: client.protocol,
    attributes: client.attributes,
    authenticationFlowBindingOverrides: client.authenticationFlowBindingOverrides,
    fullScopeAllowed: client.fullScopeAllowed,
    nodeReRegistrationTimeout: client.nodeReRegistrationTimeout,
    ...(client.protocolMappers.length === 0 ? {} : { protocolMappers: client.protocolMappers.map(showMapper) }),
    defaultClientScopes: names(client.defaultScopeIds),
    optionalClientScopes: names(client.optionalScopeIds),
  };
}

/** The same with the secret replaced by asterisks: what exports hold. */
export function exportClient(state: IdpState, client: Client): object {
  return showClient(state, client.secret === undefined ? client : { ...client, secret: '**********' });
}

function present(client: Client, name: keyof Client): object {
  return client[name] === undefined ? {} : { [name]: client[name] };
}
