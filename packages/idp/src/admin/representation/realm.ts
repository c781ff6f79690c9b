import { isJsonObject } from '@keyturn/protocol';
import { groupPath, type IdpState, type Realm, type RealmSettings } from '../../model/index.ts';
import { anything, flag, identifier, integer, list, mapOf, name, object, text, texts } from '../json/shape.ts';
import { clientReader } from './client.ts';
import { componentExportReader } from './component.ts';
import { groupReader } from './group.ts';
import { settingFields } from './realm-settings.ts';
import { roleReader, showBriefRole } from './role.ts';
import { scopeReader } from './scope.ts';
import { userReader } from './user.ts';

/** Keycloak's RolesRepresentation. */
export const rolesReader = object('RolesRepresentation', {
  realm: list(roleReader),
  client: mapOf(list(roleReader)),
  application: mapOf(list(roleReader)),
});

/** Which roles tokens of one client, or with one client scope, may carry. */
const scopeMappingReader = object('ScopeMappingRepresentation', {
  self: text,
  client: text,
  clientTemplate: text,
  clientScope: text,
  roles: texts,
});

export type ScopeMappingRepresentation = NonNullable<ReturnType<typeof scopeMappingReader>>;

export const requiredActionReader = object('RequiredActionProviderRepresentation', {
  id: identifier,
  alias: name,
  name: name,
  providerId: text,
  enabled: flag,
  defaultAction: flag,
  priority: integer,
  config: mapOf(text),
});

/** Members of a realm that are stored and shown again, and that nothing here acts on. */
const unsupportedFields = {
  identityProviders: anything,
  identityProviderMappers: anything,
  authenticationFlows: anything,
  authenticatorConfig: anything,
  organizations: anything,
  userFederationProviders: anything,
  userFederationMappers: anything,
  federatedUsers: anything,
  localizationTexts: anything,
  workflows: anything,
};

/** Members of old versions and of exports that mean nothing any more; Keycloak reads them too. */
const forgottenFields = {
  keycloakVersion: text,
  passwordCredentialGrantAllowed: flag,
  userCacheEnabled: flag,
  realmCacheEnabled: flag,
  privateKey: text,
  publicKey: text,
  certificate: text,
  codeSecret: text,
  protocolMappers: anything,
  social: flag,
  updateProfileOnInitialSocialLogin: flag,
  socialProviders: anything,
  applicationScopeMappings: anything,
  applications: anything,
  oauthClients: anything,
  clientTemplates: anything,
  oid4VciEnabled: flag,
};

/** Keycloak's RealmRepresentation. */
export const realmReader = object('RealmRepresentation', {
  ...settingFields,
  id: identifier,
  realm: name,
  roles: rolesReader,
  groups: list(groupReader),
  defaultRoles: texts,
  defaultRole: roleReader,
  defaultGroups: texts,
  clients: list(clientReader),
  clientScopes: list(scopeReader),
  defaultDefaultClientScopes: texts,
  defaultOptionalClientScopes: texts,
  users: list(userReader),
  scopeMappings: list(scopeMappingReader),
  clientScopeMappings: mapOf(list(scopeMappingReader)),
  requiredActions: list(requiredActionReader),
  components: mapOf(list(componentExportReader)),
  ...unsupportedFields,
  ...forgottenFields,
});

export type RealmRepresentation = NonNullable<ReturnType<typeof realmReader>>;

/** The settings that a representation names, in the model's types. Empty themes and the like mean "none". */
export function settingsOf(given: RealmRepresentation): Partial<RealmSettings> {
  const settings = Object.entries(settingFields).flatMap(([name]): [string, unknown][] => {
    const value = given[name as keyof typeof settingFields];
    if (value === undefined) return [];
    if (name.endsWith('Headers') || name === 'smtpServer' || name === 'attributes')
      return [[name, withoutNulls(value)]];
    if (name === 'clientProfiles' || name === 'clientPolicies') return isJsonObject(value) ? [[name, value]] : [];
    return [[name, value]];
  });
  // Every member was read by the reader of the setting of that name.
  return Object.fromEntries(settings) as Partial<RealmSettings>;
}

function withoutNulls(value: unknown): object {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, member]) => member !== null));
}

/** A realm as `GET /admin/realms/{realm}` shows it. */
export function showRealm(state: IdpState, realm: Realm): object {
  const { displayName, displayNameHtml } = realm;
  const shown: [string, unknown][] = [
    ['id', realm.id],
    ['realm', realm.realm],
    ...(displayName === undefined ? [] : [['displayName', displayName] as [string, unknown]]),
    ...(displayNameHtml === undefined ? [] : [['displayNameHtml', displayNameHtml] as [string, unknown]]),
  ];
  const role = state.roles.get(realm.defaultRoleId);
  const groups = realm.defaultGroupIds.flatMap((id) => state.groups.get(id) ?? []).map((it) => groupPath(state, it));
  for (const name of Object.keys(settingFields) as (keyof RealmSettings)[]) {
    if (name === 'displayName' || name === 'displayNameHtml') continue;
    if (name === 'requiredCredentials') {
      if (role !== undefined) shown.push(['defaultRole', showBriefRole(role)]);
      if (groups.length > 0) shown.push(['defaultGroups', groups]);
    }
    if (name === 'supportedLocales' && realm.supportedLocales?.length === 0) continue;
    if (realm[name] !== undefined)
      shown.push([name, name === 'smtpServer' ? withoutPassword(realm.smtpServer) : realm[name]]);
  }
  return Object.fromEntries(shown);
}

/** What `briefRepresentation=true` shows. */
export function showBriefRealm(realm: Realm): object {
  const { id, realm: name, displayName, displayNameHtml, enabled } = realm;
  return {
    id,
    realm: name,
    ...(displayName === undefined ? {} : { displayName }),
    ...(displayNameHtml === undefined ? {} : { displayNameHtml }),
    enabled,
  };
}

/** The five members that any administrator may see of a realm. */
export function showReducedRealm(realm: Realm): object {
  return {
    realm: realm.realm,
    displayName: realm.displayName ?? null,
    supportedLocales: realm.supportedLocales ?? [],
    bruteForceProtected: realm.bruteForceProtected,
    organizationsEnabled: realm.organizationsEnabled,
  };
}

function withoutPassword(smtp: Realm['smtpServer']): object {
  return 'password' in smtp ? { ...smtp, password: '**********' } : smtp;
}
