import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { isJsonList, type Path } from '../representation.ts';

/** A member that is missing or of another type than Keycloak's. */
export interface ShapeFault {
  readonly at: Path;
  readonly message: string;
}

type Leaf = 'text' | 'flag' | 'number' | 'texts' | 'text-map' | 'texts-map';
type Shape = Leaf | { readonly list: string } | { readonly map: string } | { readonly object: string };

/** The members that Keyturn works with. A name ending in `!` is required; members not named here pass untouched. */
const shapes: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  realm: {
    'realm!': 'text',
    enabled: 'flag',
    displayName: 'text',
    sslRequired: 'text',
    accessTokenLifespan: 'number',
    ssoSessionIdleTimeout: 'number',
    ssoSessionMaxLifespan: 'number',
    clientSessionIdleTimeout: 'number',
    clientSessionMaxLifespan: 'number',
    eventsEnabled: 'flag',
    enabledEventTypes: 'texts',
    attributes: 'text-map',
    roles: { object: 'roles' },
    clientScopes: { list: 'scope' },
    defaultDefaultClientScopes: 'texts',
    defaultOptionalClientScopes: 'texts',
    clients: { list: 'client' },
    scopeMappings: { list: 'scopeMapping' },
    clientScopeMappings: { map: 'scopeMapping' },
    groups: { list: 'group' },
    users: { list: 'user' },
    identityProviders: { list: 'identityProvider' },
  },
  roles: { realm: { list: 'role' }, client: { map: 'role' } },
  role: {
    'name!': 'text',
    description: 'text',
    composites: { object: 'composites' },
    attributes: 'texts-map',
  },
  composites: { realm: 'texts', client: 'texts-map' },
  mapper: { 'name!': 'text', protocol: 'text', protocolMapper: 'text', config: 'text-map' },
  scope: {
    'name!': 'text',
    description: 'text',
    protocol: 'text',
    attributes: 'text-map',
    protocolMappers: { list: 'mapper' },
  },
  client: {
    'clientId!': 'text',
    enabled: 'flag',
    publicClient: 'flag',
    bearerOnly: 'flag',
    secret: 'text',
    serviceAccountsEnabled: 'flag',
    standardFlowEnabled: 'flag',
    implicitFlowEnabled: 'flag',
    directAccessGrantsEnabled: 'flag',
    fullScopeAllowed: 'flag',
    consentRequired: 'flag',
    redirectUris: 'texts',
    webOrigins: 'texts',
    defaultClientScopes: 'texts',
    optionalClientScopes: 'texts',
    attributes: 'text-map',
    protocolMappers: { list: 'mapper' },
  },
  scopeMapping: { client: 'text', clientScope: 'text', 'roles!': 'texts' },
  group: {
    'name!': 'text',
    attributes: 'texts-map',
    realmRoles: 'texts',
    clientRoles: 'texts-map',
    subGroups: { list: 'group' },
  },
  user: {
    'username!': 'text',
    enabled: 'flag',
    email: 'text',
    emailVerified: 'flag',
    firstName: 'text',
    lastName: 'text',
    serviceAccountClientId: 'text',
    attributes: 'texts-map',
    credentials: { list: 'credential' },
    requiredActions: 'texts',
    realmRoles: 'texts',
    clientRoles: 'texts-map',
    groups: 'texts',
  },
  credential: { type: 'text', value: 'text', temporary: 'flag', secretData: 'text', credentialData: 'text' },
  identityProvider: { 'alias!': 'text', providerId: 'text', enabled: 'flag', config: 'text-map' },
};

/**
 * A realm document with its known members in Keycloak's types, or what is wrong with them. Texts that a placeholder
 * or YAML left in place of a flag or a number become one, as Keycloak's own reader makes them; numbers and flags
 * become text where Keycloak holds text (all attributes and mapper configurations).
 */
export function checkShape(document: JsonObject): {
  readonly value: JsonObject;
  readonly faults: readonly ShapeFault[];
} {
  const faults: ShapeFault[] = [];
  return { value: checkObject('realm', document, [], faults), faults };
}

function checkObject(kind: string, object: JsonObject, at: Path, faults: ShapeFault[]): JsonObject {
  const members = new Map<string, Json | undefined>(Object.entries(object));
  for (const [key, shape] of Object.entries(shapes[kind] ?? {})) {
    const name = key.replace('!', '');
    const member = members.get(name);
    if (member === undefined || member === null) {
      members.delete(name);
      if (key.endsWith('!')) faults.push({ at, message: `${nounOf(kind)} needs "${name}"` });
    } else {
      members.set(name, checkMember(shape, member, [...at, name], faults));
    }
  }
  return Object.fromEntries(members);
}

function nounOf(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind.replace(/([A-Z])/g, ' $1').toLowerCase()}`;
}

function checkMember(shape: Shape, value: Json, at: Path, faults: ShapeFault[]): Json {
  if (typeof shape === 'string') return checkLeaf(shape, value, at, faults);
  if ('list' in shape) {
    if (!isJsonList(value)) return fault(at, 'must be a list', faults);
    return value.map((item, index) => {
      const place = [...at, index];
      return isJsonObject(item)
        ? checkObject(shape.list, item, place, faults)
        : fault(place, 'must be an object', faults);
    });
  }
  if (!isJsonObject(value)) return fault(at, 'must be an object', faults);
  if ('object' in shape) return checkObject(shape.object, value, at, faults);
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      checkMember({ list: shape.map }, member ?? [], [...at, name], faults),
    ]),
  );
}

function checkLeaf(leaf: Leaf, value: Json, at: Path, faults: ShapeFault[]): Json {
  if (leaf === 'text-map' || leaf === 'texts-map')
    return checkMap(leaf === 'text-map' ? 'text' : 'texts', value, at, faults);
  if (leaf === 'texts') {
    if (!isJsonList(value)) return fault(at, 'must be a list of texts', faults);
    return value.map((item, index) => checkLeaf('text', item, [...at, index], faults));
  }
  const scalar = scalars[leaf](value);
  if (scalar !== undefined) return scalar;
  fault(at, `must be ${scalarNames[leaf]}`, faults);
  // Kept, for a placeholder that is to stay one.
  return value;
}

const scalarNames = { flag: 'true or false', number: 'a whole number', text: 'text' } as const;

const scalars: Readonly<Record<'flag' | 'number' | 'text', (value: Json) => Json | undefined>> = {
  flag: (value) => {
    if (value === 'true' || value === 'false') return value === 'true';
    return typeof value === 'boolean' ? value : undefined;
  },
  number: (value) => {
    const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value.trim()) ? Number(value) : value;
    return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
  },
  text: (value) => {
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    return typeof value === 'string' ? value : undefined;
  },
};

function checkMap(leaf: 'text' | 'texts', value: Json, at: Path, faults: ShapeFault[]): Json {
  if (!isJsonObject(value)) return fault(at, 'must be an object', faults);
  return Object.fromEntries(
    Object.entries(value)
      // Keycloak reads null in a map as "take this entry away"; an empty text says the same and has one type.
      .map(([name, member]) => [name, member ?? (leaf === 'text' ? '' : [])] as const)
      .map(([name, member]) => [name, checkLeaf(leaf, member, [...at, name], faults)]),
  );
}

function fault(at: Path, message: string, faults: ShapeFault[]): Json {
  faults.push({ at, message });
  return null;
}
