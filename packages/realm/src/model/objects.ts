import { type JsonObject, unreachable } from '@keyturn/protocol';

/**
 * What a realm is made of, flat: every object and every tie between two objects is one entry, so that comparing,
 * ordering, owning and pruning are the same for all of them. The order of this list is the order of writing: a thing
 * comes after what it refers to, and the realm comes first because Keycloak 26.5+ refuses a client's session maximum
 * that is above the realm's (FACTS §1.5). Deleting goes the other way.
 */
export const objectTypes = [
  'realm',
  'client-scope',
  'realm-role',
  'client',
  'client-role',
  'client-scope-mapper',
  'client-mapper',
  'composite',
  'realm-scope',
  'client-scope-assignment',
  'scope-mapping',
  'group',
  'group-role',
  'default-group',
  'user',
  'user-role',
  'user-group',
  'identity-provider',
  'identity-provider-mapper',
  'component',
  'client-profile',
  'client-policy',
] as const;

export type ObjectType = (typeof objectTypes)[number];

/**
 * The names that make an object unique in its realm:
 *
 * | type | name |
 * |---|---|
 * | realm, realm-role, client, client-scope, user, identity-provider, client-profile, client-policy | its own |
 * | client-role, client-mapper, client-scope-mapper, identity-provider-mapper | owner, own |
 * | composite | client or '' and role that contains; client or '' and role contained |
 * | realm-scope | scope |
 * | client-scope-assignment | client, scope |
 * | scope-mapping | 'client' or 'client-scope', its name, client or '' and role |
 * | group, default-group | path with leading slash |
 * | group-role, user-role | path or username, client or '' and role |
 * | user-group | username, path |
 * | component | provider type, subtype or '', name |
 */
export type ObjectName = readonly string[];

export interface ObjectRef {
  readonly type: ObjectType;
  readonly name: ObjectName;
}

/** An object as a file declares it: only the declared fields, in Keycloak's names. Ties have none or one (`as`). */
export interface DesiredObject extends ObjectRef {
  readonly fields: JsonObject;
}

/** An object as the server shows it. */
export interface ObservedObject extends DesiredObject {
  /** Keycloak's own id; ties have none. */
  readonly uid?: string;
  /** Made by Keycloak itself in every realm: may be changed, is never deleted. */
  readonly builtIn?: boolean;
}

/** One text for a map's key. Names may hold any character, so they are not just joined. */
export function keyOf(ref: ObjectRef): string {
  return `${ref.type}${JSON.stringify(ref.name)}`;
}

/** `client-mapper aip-agent-1 / audience-aip-gateway` */
export function showRef(ref: ObjectRef): string {
  return `${ref.type} ${showName(ref)}`;
}

function showName({ type, name }: ObjectRef): string {
  const role = (client = '', role = '') => (client === '' ? role : `${client}:${role}`);
  if (type === 'composite') return `${role(name[0], name[1])} ⊃ ${role(name[2], name[3])}`;
  if (type === 'scope-mapping') return `${name[0]} ${name[1]} / ${role(name[2], name[3])}`;
  if (type === 'group-role' || type === 'user-role') return `${name[0]} / ${role(name[1], name[2])}`;
  if (type === 'component')
    return name
      .slice(1)
      .filter((part) => part !== '')
      .join(' / ');
  return name.join(' / ');
}

/** A role by its client (`''`: of the realm) and name. */
export function roleRef(client: string | undefined, role: string | undefined): ObjectRef {
  return client === undefined || client === ''
    ? { type: 'realm-role', name: [role ?? ''] }
    : { type: 'client-role', name: [client, role ?? ''] };
}

/** What must exist before an object can: the owner of a mapper, both ends of a tie, the group above a group. */
export function referencesOf({ type, name }: ObjectRef): readonly ObjectRef[] {
  const [first = '', second = '', third = '', fourth = ''] = name;
  switch (type) {
    case 'client-role':
    case 'client-mapper':
      return [{ type: 'client', name: [first] }];
    case 'client-scope-mapper':
    case 'realm-scope':
      return [{ type: 'client-scope', name: [first] }];
    case 'identity-provider-mapper':
      return [{ type: 'identity-provider', name: [first] }];
    case 'composite':
      return [roleRef(first, second), roleRef(third, fourth)];
    case 'client-scope-assignment':
      return [
        { type: 'client', name: [first] },
        { type: 'client-scope', name: [second] },
      ];
    case 'scope-mapping':
      return [{ type: first === 'client' ? 'client' : 'client-scope', name: [second] }, roleRef(third, fourth)];
    case 'group': {
      const above = first.slice(0, first.lastIndexOf('/'));
      return above === '' ? [] : [{ type: 'group', name: [above] }];
    }
    case 'group-role':
      return [{ type: 'group', name: [first] }, roleRef(second, third)];
    case 'default-group':
      return [{ type: 'group', name: [first] }];
    case 'user-role':
      return [{ type: 'user', name: [first] }, roleRef(second, third)];
    case 'user-group':
      return [
        { type: 'user', name: [first] },
        { type: 'group', name: [second] },
      ];
    case 'realm':
    case 'client-scope':
    case 'realm-role':
    case 'client':
    case 'user':
    case 'identity-provider':
    case 'component':
    case 'client-profile':
    case 'client-policy':
      return [];
  }
  return unreachable(type);
}

const builtInClients = new Set([
  'account',
  'account-console',
  'admin-cli',
  'broker',
  'realm-management',
  'security-admin-console',
]);
const builtInScopes = new Set([
  'acr',
  'address',
  'AuthnContextClassRef',
  'basic',
  'email',
  'microprofile-jwt',
  'offline_access',
  'organization',
  'phone',
  'profile',
  'role_list',
  'roles',
  'saml_organization',
  'service_account',
  'web-origins',
]);

/** Whether Keycloak makes this object itself in every realm, so that it is nobody's to delete or to export. */
export function isBuiltIn({ type, name }: ObjectRef, realm: string): boolean {
  const [first = '', second = ''] = name;
  if (type === 'realm') return true;
  if (type === 'client' || type === 'client-role' || type === 'client-mapper') return builtInClients.has(first);
  if (type === 'client-scope' || type === 'client-scope-mapper') return builtInScopes.has(first);
  if (type === 'realm-role') return isBuiltInRole(first, realm);
  if (type === 'composite') {
    // What Keycloak itself puts into its roles: those of its own clients and the two of every realm.
    const [, , third = '', fourth = ''] = name;
    const ownMember = third === '' ? isBuiltInRole(fourth, realm) : builtInClients.has(third);
    return ownMember && (first === '' ? isBuiltInRole(second, realm) : builtInClients.has(first));
  }
  if (type === 'realm-scope') return builtInScopes.has(first);
  if (type === 'client-scope-assignment') return builtInClients.has(first) || builtInScopes.has(second);
  if (type === 'scope-mapping') {
    return (first === 'client' ? builtInClients : builtInScopes).has(second);
  }
  return type === 'component';
}

function isBuiltInRole(role: string, realm: string): boolean {
  return role === `default-roles-${realm.toLowerCase()}` || role === 'offline_access' || role === 'uma_authorization';
}
