import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { isJsonList, type RealmRepresentation } from '../representation.ts';
import { chosenFields } from './defaults.ts';
import { textOf } from './members.ts';
import { isBuiltIn, type ObservedObject } from './objects.ts';
import { isSecretField, masked } from './secrets.ts';

/** Which scopes Keycloak itself gives to a new client, and how. */
const usualScopes: Readonly<Record<'default' | 'optional', ReadonlySet<string>>> = {
  default: new Set([
    'profile',
    'email',
    'roles',
    'web-origins',
    'acr',
    'basic',
    'service_account',
    'role_list',
    'saml_organization',
    'AuthnContextClassRef',
  ]),
  optional: new Set(['address', 'phone', 'offline_access', 'microprofile-jwt', 'organization']),
};

/**
 * Objects as one representation again, the reverse of `spreadRealm`: minimal as seed 004 asks, without what Keycloak
 * makes itself and without its defaults. Every secret becomes a placeholder whose default is Keycloak's mask, so that
 * the template can be planned without the secret and never writes a wrong one.
 */
export function collectRealm(
  realm: string,
  objects: Iterable<Pick<ObservedObject, 'type' | 'name' | 'fields'>>,
): RealmRepresentation {
  const collector = new Collector(realm);
  const own = [...objects].filter((object) => !isMadeByKeycloak(object, realm));
  // Owners before what hangs on them; a tie may bring an owner that is Keycloak's own and has only a name here.
  for (const object of own) if (object.type !== 'composite') collector.add(object);
  for (const object of own) if (object.type === 'composite') collector.add(object);
  return collector.representation();
}

function isMadeByKeycloak(object: Pick<ObservedObject, 'type' | 'name' | 'fields'>, realm: string): boolean {
  const { type, name, fields } = object;
  if (type === 'realm') return false;
  if (type === 'client-scope-assignment' || type === 'realm-scope') {
    const as = fields['as'] === 'optional' ? 'optional' : 'default';
    const [first = ''] = name;
    const builtInClient = type === 'client-scope-assignment' && isBuiltIn({ type: 'client', name: [first] }, realm);
    return builtInClient || usualScopes[as].has(name.at(-1) ?? '');
  }
  return isBuiltIn(object, realm);
}

type Members = Record<string, Json>;

class Collector {
  readonly #realm: string;
  #top: Members = {};
  readonly #lists = new Map<string, Map<string, Members>>();

  constructor(realm: string) {
    this.#realm = realm;
  }

  /** The entry of a list of the representation, made when first asked for. */
  #entry(list: string, key: string, name: string): Members {
    const entries = this.#lists.get(list) ?? new Map<string, Members>();
    this.#lists.set(list, entries);
    const entry = entries.get(name) ?? { [key]: name };
    entries.set(name, entry);
    return entry;
  }

  add(object: Pick<ObservedObject, 'type' | 'name' | 'fields'>): void {
    const { type, name } = object;
    const [first = '', second = '', third = '', fourth = ''] = name;
    const fields = hideSecrets(object, chosenFields(type, object.fields), []);
    switch (type) {
      case 'realm': {
        const { enabled } = object.fields;
        const { attributes, ...rest } = fields;
        const plain = isJsonObject(attributes)
          ? Object.fromEntries(Object.entries(attributes).filter(([key]) => !key.startsWith('keyturn.')))
          : {};
        const own = Object.keys(plain).length > 0 ? { attributes: plain } : {};
        this.#top = { ...defined(rest), ...own, realm: this.#realm, enabled: enabled ?? true };
        return;
      }
      case 'realm-role':
        return void Object.assign(this.#entry('roles', 'name', first), fields);
      case 'client-role':
        return void Object.assign(this.#entry(`roles/${first}`, 'name', second), fields);
      case 'client':
        return void Object.assign(this.#entry('clients', 'clientId', first), fields);
      case 'client-scope':
        // POST needs the protocol, so it is no default that could be left out.
        return void Object.assign(this.#entry('clientScopes', 'name', first), fields);
      case 'client-mapper':
        return push(this.#entry('clients', 'clientId', first), 'protocolMappers', { ...defined(fields), name: second });
      case 'client-scope-mapper':
        return push(this.#entry('clientScopes', 'name', first), 'protocolMappers', {
          ...defined(fields),
          name: second,
        });
      case 'client-scope-assignment':
        return push(this.#entry('clients', 'clientId', first), `${textOf(fields['as'])}ClientScopes`, second);
      case 'realm-scope':
        return push(
          this.#top,
          fields['as'] === 'optional' ? 'defaultOptionalClientScopes' : 'defaultDefaultClientScopes',
          first,
        );
      case 'composite': {
        const role =
          first === '' ? this.#entry('roles', 'name', second) : this.#entry(`roles/${first}`, 'name', second);
        return pushRole(role, 'composites', third, fourth, 'realm', 'client');
      }
      case 'scope-mapping':
        return push(
          this.#entry(
            third === '' ? 'scopeMappings' : `clientScopeMappings/${third}`,
            first === 'client' ? 'client' : 'clientScope',
            second,
          ),
          'roles',
          fourth,
        );
      case 'group':
        return void Object.assign(this.#entry('groups', 'path', first), fields, {
          name: first.slice(first.lastIndexOf('/') + 1),
        });
      case 'group-role':
        return pushRole(this.#entry('groups', 'path', first), undefined, second, third, 'realmRoles', 'clientRoles');
      case 'default-group':
        return push(this.#top, 'defaultGroups', first);
      case 'identity-provider':
        return void Object.assign(this.#entry('identityProviders', 'alias', first), fields);
      case 'identity-provider-mapper':
        return push(this.#top, 'identityProviderMappers', {
          ...defined(fields),
          identityProviderAlias: first,
          name: second,
        });
      case 'client-profile':
        return void Object.assign(this.#entry('clientProfiles', 'name', first), fields);
      case 'client-policy':
        return void Object.assign(this.#entry('clientPolicies', 'name', first), fields);
      // People and the policies for registration are not a template's.
      case 'user':
      case 'user-role':
      case 'user-group':
      case 'component':
        return;
    }
  }

  representation(): RealmRepresentation {
    const list = (name: string) => [...(this.#lists.get(name)?.values() ?? [])];
    const byClient = (prefix: string) =>
      Object.fromEntries(
        [...this.#lists.keys()]
          .filter((name) => name.startsWith(prefix))
          .map((name) => [name.slice(prefix.length), list(name)]),
      );
    const roles = { realm: list('roles'), client: byClient('roles/') };
    const result: JsonObject = {
      ...this.#top,
      roles: Object.fromEntries(Object.entries(roles).filter(([, value]) => Object.keys(value).length > 0)),
      clientScopes: list('clientScopes'),
      clients: list('clients'),
      scopeMappings: list('scopeMappings'),
      clientScopeMappings: byClient('clientScopeMappings/'),
      groups: this.#groupTree(list('groups')),
      identityProviders: list('identityProviders'),
      ...(this.#lists.has('clientProfiles') ? { clientProfiles: { profiles: list('clientProfiles') } } : {}),
      ...(this.#lists.has('clientPolicies') ? { clientPolicies: { policies: list('clientPolicies') } } : {}),
    };
    const kept = Object.entries(result).filter(([, value]) => !isEmpty(value));
    const { realm: _name, enabled, ...rest } = Object.fromEntries(kept);
    return { realm: this.#realm, ...(typeof enabled === 'boolean' ? { enabled } : {}), ...rest };
  }

  #groupTree(groups: readonly Members[]): readonly Json[] {
    const below = (parent: string): Json[] =>
      groups
        .filter(
          ({ path }) =>
            textOf(path).startsWith(`${parent}/`) &&
            !textOf(path)
              .slice(parent.length + 1)
              .includes('/'),
        )
        .map(({ path, ...group }) => {
          const subGroups = below(textOf(path));
          return subGroups.length > 0 ? { ...group, subGroups } : group;
        });
    return below('');
  }
}

function push(entry: Members, list: string, value: Json): void {
  const before = entry[list];
  entry[list] = [...(isJsonList(before) ? before : []), value];
}

function pushRole(
  entry: Members,
  holder: string | undefined,
  client: string,
  role: string,
  realm: string,
  byClient: string,
): void {
  const before = holder === undefined ? entry : { ...(isJsonObject(entry[holder]) ? defined(entry[holder]) : {}) };
  if (client === '') push(before, realm, role);
  else {
    const map = { ...(isJsonObject(before[byClient]) ? defined(before[byClient]) : {}) };
    push(map, client, role);
    before[byClient] = map;
  }
  if (holder !== undefined) entry[holder] = before;
}

function hideSecrets(
  object: Pick<ObservedObject, 'type' | 'name'>,
  fields: JsonObject,
  at: readonly string[],
): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const path = [...at, name];
      if (isJsonObject(value)) return [name, hideSecrets(object, value, path)];
      return [name, isSecretField(object.type, path) ? `\${${variableFor(object, name)}:${masked}}` : value];
    }),
  );
}

/** `AIP_AGENT_1_SECRET` */
function variableFor({ type, name }: Pick<ObservedObject, 'type' | 'name'>, field: string): string {
  const owner = type === 'realm' ? 'SMTP' : (name[0] ?? '');
  const snake = (text: string) => text.replaceAll(/([a-z])([A-Z])/g, '$1_$2').replaceAll(/[^A-Za-z0-9]+/g, '_');
  return `${snake(owner)}_${snake(field)}`.toUpperCase().replaceAll(/^_+|_+$/g, '');
}

function defined(object: JsonObject): Members {
  return Object.fromEntries(
    Object.entries(object).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function isEmpty(value: Json | undefined): boolean {
  if (value === undefined) return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
