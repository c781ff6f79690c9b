import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { type GroupRepresentation, isJsonList, type RealmRepresentation } from '../representation.ts';
import { ownershipAttribute } from '../plan/ownership.ts';
import { membersOf, objectsOf, textOf, textsOf } from './members.ts';
import { type DesiredObject, keyOf, type ObjectType } from './objects.ts';

/** What a file declares, and what Keyturn says about it before anything is compared. */
export interface Desired {
  readonly realm: string;
  readonly objects: ReadonlyMap<string, DesiredObject>;
  /** Corrections made and members that Keyturn does not manage: for people, no reason to stop. */
  readonly notices: readonly string[];
  /** Things that cannot be what is meant: a reason to stop. */
  readonly faults: readonly string[];
}

/** Members of an export that are collections of other objects, or that Keyturn leaves alone with a notice. */
const collections = new Set([
  'roles',
  'clientScopes',
  'defaultDefaultClientScopes',
  'defaultOptionalClientScopes',
  'clients',
  'scopeMappings',
  'clientScopeMappings',
  'groups',
  'defaultGroups',
  'users',
  'identityProviders',
  'identityProviderMappers',
  'components',
  'clientProfiles',
  'clientPolicies',
  'recipes',
]);
const unmanaged = [
  'authenticationFlows',
  'authenticatorConfig',
  'requiredActions',
  'federatedUsers',
  'userFederationProviders',
  'userFederationMappers',
  'organizations',
  'protocolMappers',
  'applications',
  'oauthClients',
  'clientTemplates',
  'defaultRoles',
  'localizationTexts',
];
/** Members that only a server can know. They are in every export and belong in no template. */
const serversOwn = ['id', 'internalId', 'containerId', 'access', 'keycloakVersion', 'defaultRole', 'createdTimestamp'];

/** The provider types of components that Keyturn manages: the policies for client registration. */
const managedComponents = new Set(['org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy']);

/**
 * Spreads a representation into objects. Pure; the same file gives the same objects in the same order. Clients named in
 * `extended` get what is declared for them but are not themselves declared: they must exist.
 */
export function spreadRealm(representation: RealmRepresentation, extended: ReadonlySet<string> = new Set()): Desired {
  const spread = new Spread(representation.realm, extended);
  spread.realmObject(representation);
  spread.roles(representation);
  spread.scopes(representation);
  spread.clients(representation);
  spread.scopeMappings(representation);
  for (const group of representation.groups ?? []) spread.group(group, '');
  for (const path of textsOf(representation['defaultGroups'])) spread.add('default-group', [withSlash(path)], {});
  spread.users(representation);
  spread.identityProviders(representation);
  spread.policies(representation);
  return spread;
}

class Spread implements Desired {
  readonly objects = new Map<string, DesiredObject>();
  readonly notices: string[] = [];
  readonly faults: string[] = [];
  readonly realm: string;

  readonly #extended: ReadonlySet<string>;

  constructor(realm: string, extended: ReadonlySet<string>) {
    this.realm = realm;
    this.#extended = extended;
  }

  add(type: ObjectType, name: readonly string[], fields: JsonObject): void {
    const object = { type, name, fields };
    // '.' and '..' would climb in a URL: DELETE …/roles/.. is DELETE of the realm.
    const bad = name.find((part) => part === '.' || part === '..' || /\p{Cc}/u.test(part));
    if (name.at(-1) === '') this.faults.push(`${type}: a name is empty`);
    else if (bad !== undefined)
      this.faults.push(`${type} ${JSON.stringify(name.join(' / '))}: this name cannot be used in a URL`);
    else if (this.objects.has(keyOf(object)) && Object.keys(fields).length > 0) {
      this.faults.push(`${type} ${name.join(' / ')} is declared twice`);
    } else this.objects.set(keyOf(object), object);
  }

  realmObject(representation: RealmRepresentation): void {
    const fields = without(representation, [...collections, ...unmanaged, ...serversOwn]);
    const ssl = representation.sslRequired;
    // An export carries Keyturn's own record; to declare it would be to forge it.
    const attributes = membersOf(fields['attributes']);
    const plain =
      ownershipAttribute in attributes ? { ...fields, attributes: without(attributes, [ownershipAttribute]) } : fields;
    this.add('realm', [this.realm], ssl === undefined ? plain : { ...plain, sslRequired: ssl.toLowerCase() });
    for (const member of unmanaged) {
      if (!isEmpty(representation[member]))
        this.notices.push(`${member}: not managed by Keyturn, left as it is on the server`);
    }
  }

  roles({ roles }: RealmRepresentation): void {
    const add = (client: string, list: readonly JsonObject[] = []) => {
      for (const role of list) {
        const name = textOf(role['name']);
        const fields = without(role, [...serversOwn, 'composite', 'clientRole', 'composites']);
        this.add(client === '' ? 'realm-role' : 'client-role', client === '' ? [name] : [client, name], fields);
        this.roleTies('composite', [client, name], role['composites'], 'realm', 'client');
      }
    };
    add('', roles?.realm);
    for (const [client, list] of Object.entries(roles?.client ?? {})) add(client, list);
  }

  scopes(representation: RealmRepresentation): void {
    for (const scope of representation.clientScopes ?? []) {
      const fields = without(scope, [...serversOwn, 'protocolMappers']);
      this.add('client-scope', [scope.name], { protocol: 'openid-connect', ...fields });
      this.mappers('client-scope-mapper', scope.name, scope.protocolMappers);
    }
    for (const scope of new Set(representation.defaultDefaultClientScopes))
      this.add('realm-scope', [scope], { as: 'default' });
    for (const scope of new Set(representation.defaultOptionalClientScopes)) {
      this.add('realm-scope', [scope], { as: 'optional' });
    }
  }

  clients(representation: RealmRepresentation): void {
    for (const client of representation.clients ?? []) {
      const fields = without(client, [...serversOwn, 'protocolMappers', 'defaultClientScopes', 'optionalClientScopes']);
      if (!this.#extended.has(client.clientId)) {
        this.add('client', [client.clientId], this.#correctAttributes(client.clientId, fields));
      }
      this.mappers('client-mapper', client.clientId, client.protocolMappers);
      for (const scope of new Set(client.defaultClientScopes)) {
        this.add('client-scope-assignment', [client.clientId, scope], { as: 'default' });
      }
      for (const scope of new Set(client.optionalClientScopes)) {
        this.add('client-scope-assignment', [client.clientId, scope], { as: 'optional' });
      }
    }
  }

  /** Seed 003's export has a name of the switch that Keycloak stores and never reads (FACTS §1.6). */
  #correctAttributes(clientId: string, fields: JsonObject): JsonObject {
    const { attributes } = fields;
    const wrong = 'oauth2.token.exchange.grant.enabled';
    if (!isJsonObject(attributes) || attributes[wrong] === undefined) return fields;
    this.notices.push(
      `client ${clientId}: ${wrong} has no effect in Keycloak; standard.token.exchange.enabled is written instead`,
    );
    return {
      ...fields,
      attributes: { 'standard.token.exchange.enabled': attributes[wrong], ...without(attributes, [wrong]) },
    };
  }

  mappers(type: 'client-mapper' | 'client-scope-mapper', owner: string, list: readonly JsonObject[] = []): void {
    for (const mapper of list) {
      const fields = without(mapper, serversOwn);
      this.add(type, [owner, textOf(mapper['name'])], { protocol: 'openid-connect', ...fields });
    }
  }

  scopeMappings({ scopeMappings, clientScopeMappings }: RealmRepresentation): void {
    const add = (roleClient: string, list: readonly JsonObject[] = []) => {
      for (const mapping of list) {
        const holder = mapping['client'] === undefined ? 'client-scope' : 'client';
        const name = textOf(mapping['client'] ?? mapping['clientScope']);
        for (const role of textsOf(mapping['roles'])) this.add('scope-mapping', [holder, name, roleClient, role], {});
      }
    };
    add('', scopeMappings);
    for (const [client, list] of Object.entries(clientScopeMappings ?? {})) add(client, list);
  }

  group(group: GroupRepresentation, above: string): void {
    if (group.name.includes('/'))
      this.faults.push(`group ${group.name}: a slash in a group's name makes its path ambiguous`);
    const path = `${above}/${group.name}`;
    this.add(
      'group',
      [path],
      without(group, [...serversOwn, 'path', 'subGroups', 'subGroupCount', 'parentId', 'realmRoles', 'clientRoles']),
    );
    this.roleTies('group-role', [path], group, 'realmRoles', 'clientRoles');
    for (const below of group.subGroups ?? []) this.group(below, path);
  }

  users({ users }: RealmRepresentation): void {
    for (const user of users ?? []) {
      // Keycloak stores usernames and e-mail addresses in lower case; another spelling would drift for ever.
      const username = user.username.toLowerCase();
      const service = user.serviceAccountClientId;
      const name = service === undefined ? username : `service-account-${service.toLowerCase()}`;
      if (service === undefined) {
        const fields = without(user, [
          ...serversOwn,
          'totp',
          'notBefore',
          'disableableCredentialTypes',
          'realmRoles',
          'clientRoles',
          'groups',
          'username',
        ]);
        const email = typeof user.email === 'string' ? { email: user.email.toLowerCase() } : {};
        this.add('user', [name], { ...fields, ...email });
      }
      this.roleTies('user-role', [name], user, 'realmRoles', 'clientRoles');
      for (const path of user.groups ?? []) this.add('user-group', [name, withSlash(path)], {});
    }
  }

  roleTies(
    type: 'composite' | 'group-role' | 'user-role',
    owner: readonly string[],
    holder: Json | undefined,
    realm: string,
    client: string,
  ): void {
    if (!isJsonObject(holder)) return;
    for (const role of textsOf(holder[realm])) this.add(type, [...owner, '', role], {});
    const byClient = holder[client];
    if (!isJsonObject(byClient)) return;
    for (const [name, roles] of Object.entries(byClient)) {
      for (const role of textsOf(roles)) this.add(type, [...owner, name, role], {});
    }
  }

  identityProviders(representation: RealmRepresentation): void {
    for (const provider of representation.identityProviders ?? []) {
      this.add('identity-provider', [provider.alias], without(provider, [...serversOwn, 'types']));
    }
    for (const mapper of objectsOf(representation['identityProviderMappers'])) {
      const name = [textOf(mapper['identityProviderAlias']), textOf(mapper['name'])];
      this.add('identity-provider-mapper', name, without(mapper, serversOwn));
    }
  }

  policies(representation: RealmRepresentation): void {
    const { components, clientProfiles, clientPolicies } = representation;
    for (const [type, list] of Object.entries(isJsonObject(components) ? components : {})) {
      if (!managedComponents.has(type)) {
        this.notices.push(`components of ${type}: not managed by Keyturn, left as they are on the server`);
        continue;
      }
      for (const component of objectsOf(list)) {
        const name = [type, textOf(component['subType']), textOf(component['name'])];
        this.add(
          'component',
          name,
          without(component, [...serversOwn, 'subComponents', 'parentId', 'providerType', 'subType', 'name']),
        );
      }
    }
    const lists = [
      ['client-profile', clientProfiles, 'profiles'],
      ['client-policy', clientPolicies, 'policies'],
    ] as const;
    for (const [type, holder, member] of lists) {
      for (const entry of objectsOf(isJsonObject(holder) ? holder[member] : undefined))
        this.add(type, [textOf(entry['name'])], entry);
    }
  }
}

function without(object: JsonObject, members: readonly string[]): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(([name, value]) => value !== undefined && !members.includes(name)),
  );
}

function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true;
  return isJsonList(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}

function withSlash(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}
