import type { Realm } from '../../model/index.ts';

/** The roles of `realm-management`, and of a realm's client in master, that an endpoint may ask for. */
export type ManagementRole =
  | 'impersonation'
  | 'manage-clients'
  | 'manage-events'
  | 'manage-identity-providers'
  | 'manage-realm'
  | 'manage-users'
  | 'query-clients'
  | 'query-groups'
  | 'query-realms'
  | 'query-users'
  | 'view-authorization'
  | 'manage-authorization'
  | 'create-client'
  | 'view-clients'
  | 'view-events'
  | 'view-identity-providers'
  | 'view-realm'
  | 'view-users';

/** Any one of these roles suffices. */
export type Needs = readonly ManagementRole[];

/** Every administration role: whoever has one may see that a realm exists. Impersonation alone opens nothing else. */
export const anyRole: Needs = [
  'manage-clients',
  'manage-events',
  'manage-identity-providers',
  'manage-realm',
  'manage-users',
  'query-clients',
  'query-groups',
  'query-realms',
  'query-users',
  'view-authorization',
  'manage-authorization',
  'create-client',
  'view-clients',
  'view-events',
  'view-identity-providers',
  'view-realm',
  'view-users',
];

/** What endpoints ask for, in the words of what they do. */
export const may = {
  viewRealm: ['view-realm', 'manage-realm'],
  manageRealm: ['manage-realm'],
  listClients: ['query-clients', 'view-clients', 'manage-clients'],
  viewClients: ['view-clients', 'manage-clients'],
  manageClients: ['manage-clients'],
  listUsers: ['query-users', 'view-users', 'manage-users'],
  viewUsers: ['view-users', 'manage-users'],
  manageUsers: ['manage-users'],
  listGroups: ['query-groups', 'view-users', 'manage-users'],
  viewEvents: ['view-events', 'manage-events'],
  manageEvents: ['manage-events'],
  viewIdentityProviders: ['view-identity-providers', 'manage-identity-providers'],
  manageIdentityProviders: ['manage-identity-providers'],
  impersonate: ['impersonation'],
  viewFlows: ['view-realm', 'manage-realm', 'view-clients', 'query-clients'],
  viewRequiredActions: ['view-realm', 'manage-realm', 'view-users', 'query-users'],
  viewProfile: ['view-realm', 'manage-realm', 'view-users', 'manage-users', 'query-users'],
  anything: anyRole,
} as const satisfies Record<string, Needs>;

/** Who calls the admin API, and what the token lets them do. */
export interface Admin {
  /** Where the token was issued. */
  readonly realm: Realm;
  /** Internal id of the client that the token was issued to. */
  readonly clientUuid: string;
  readonly userId: string;
  /** Whether the caller may act on `target` by one of these roles. */
  has(target: Realm, needs: Needs): boolean;
  /** Whether the token carries this realm role of master. */
  hasMasterRole(name: 'admin' | 'create-realm'): boolean;
}
