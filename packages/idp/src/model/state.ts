import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock, Random } from '@keyturn/protocol';
import type { Client, ClientScope } from './client.ts';
import { claimDatabase, openDatabase } from './database.ts';
import { type Collection, type Document, Documents } from './documents.ts';
import { placeOf } from './group-place.ts';
import { type AdminEvent, type EventLog, type IdpEvent, openEventLog } from './events.ts';
import type { Component, InitialAccess, RealmKey } from './keys.ts';
import type { Realm } from './realm.ts';
import type { Role } from './role.ts';
import type { Revocation, SingleUse, UserSession } from './session.ts';
import type { Group, LoginFailure, User } from './user.ts';

/**
 * Everything the identity provider knows. Reading is free (memory); every `put` and `delete` is on disk before it
 * returns; `transaction` makes several of them one. Rules (uniqueness, cascades, defaults) live beside, one file a
 * thing: `realms.ts`, `clients.ts`, `scopes.ts`, `roles.ts`, `groups.ts`, `users.ts`, `sessions.ts`. Call those to
 * create and delete; `put` a changed copy to update what no rule guards.
 */
export interface IdpState {
  readonly clock: Clock;
  readonly random: Random;
  /** Keycloak's ids are UUIDs of version 4. */
  readonly newUuid: () => string;
  /** The clock's current second. */
  readonly now: () => number;
  transaction<R>(work: () => R): R;
  /** Realms: `realmId` is the realm's own `id`; find by name with `findRealm`. */
  readonly realms: Collection<Realm>;
  readonly clients: Collection<Client, 'clientId'>;
  readonly scopes: Collection<ClientScope, 'name'>;
  /** `realmName`: realm roles by name; `client`: all roles of a client; `clientName`: `<uuid> <name>`. */
  readonly roles: Collection<Role, 'realmName' | 'client' | 'clientName' | 'includes'>;
  /** `parent`: children by the parent's id, top-level groups under `''`; `place`: one by parent and name. */
  readonly groups: Collection<Group, 'parent' | 'place' | 'role'>;
  readonly users: Collection<User, 'username' | 'email' | 'group' | 'role' | 'serviceAccount'>;
  readonly sessions: Collection<UserSession, 'user' | 'client'>;
  readonly offlineSessions: Collection<UserSession, 'user' | 'client'>;
  readonly singleUse: Collection<SingleUse<object>>;
  readonly revocations: Collection<Revocation>;
  readonly keys: Collection<RealmKey>;
  readonly components: Collection<Component>;
  readonly initialAccess: Collection<InitialAccess>;
  readonly loginFailures: Collection<LoginFailure>;
  readonly events: EventLog<IdpEvent>;
  readonly adminEvents: EventLog<AdminEvent>;
  /** Drops what has expired: single-use things, revocations. Called now and then by a timer. */
  sweep(): void;
  /** Whether the database answers. */
  ping(): boolean;
  /** Makes this process the only one that serves the file; throws if another one does. `close` ends the claim. */
  claim(): void;
  close(): void;
}

/** Opens the state at a path, or `:memory:`. */
export function openState(options: {
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
}): IdpState {
  const database: DatabaseSync = openDatabase(options.path);
  const documents = new Documents(database);
  let release: (() => void) | undefined;
  const now = (): number => Math.floor(options.clock() / 1000);
  const singleUse = documents.collection<SingleUse<object>>('single-use', {});
  const revocations = documents.collection<Revocation>('revocation', {});
  const session = (kind: string): Collection<UserSession, 'user' | 'client'> =>
    documents.collection<UserSession, 'user' | 'client'>(kind, {
      user: (it) => it.userId,
      client: (it) => Object.keys(it.clients),
    });
  const expired = <T extends Document & { readonly expiresAt: number }>(from: Collection<T>): void => {
    for (const document of from.all()) if (document.expiresAt <= now()) from.delete(document.id);
  };
  return {
    clock: options.clock,
    random: options.random,
    newUuid: () => uuidOf(options.random),
    now,
    transaction: (work) => documents.transaction(work),
    realms: documents.collection<Realm>('realm', {}),
    clients: documents.collection<Client, 'clientId'>('client', { clientId: (it) => it.clientId }),
    scopes: documents.collection<ClientScope, 'name'>('scope', { name: (it) => it.name }),
    roles: documents.collection<Role, 'realmName' | 'client' | 'clientName' | 'includes'>('role', {
      realmName: (it) => (it.clientUuid === undefined ? it.name : undefined),
      client: (it) => it.clientUuid,
      clientName: (it) => (it.clientUuid === undefined ? undefined : `${it.clientUuid} ${it.name}`),
      includes: (it) => it.compositeIds,
    }),
    groups: documents.collection<Group, 'parent' | 'place' | 'role'>('group', {
      parent: (it) => it.parentId ?? '',
      place: placeOf,
      role: (it) => it.roleIds,
    }),
    users: documents.collection<User, 'username' | 'email' | 'group' | 'role' | 'serviceAccount'>('user', {
      username: (it) => it.username,
      email: (it) => it.email,
      group: (it) => it.groupIds,
      role: (it) => it.roleIds,
      serviceAccount: (it) => it.serviceAccountClientUuid,
    }),
    sessions: session('session'),
    offlineSessions: session('offline-session'),
    singleUse,
    revocations,
    keys: documents.collection<RealmKey>('key', {}),
    components: documents.collection<Component>('component', {}),
    initialAccess: documents.collection<InitialAccess>('initial-access', {}),
    loginFailures: documents.collection<LoginFailure>('login-failure', {}),
    events: openEventLog<IdpEvent>(database, 'idp_events', (event) => event.type),
    adminEvents: openEventLog<AdminEvent>(database, 'idp_admin_events', (event) => event.operationType),
    sweep: () => {
      documents.transaction(() => {
        expired(singleUse);
        expired(revocations);
      });
    },
    ping: () => database.prepare('SELECT 1 AS one').get()?.['one'] === 1,
    claim: () => {
      release ??= claimDatabase(options.path);
    },
    close: () => {
      release?.();
      database.close();
    },
  };
}

function uuidOf(random: Random): string {
  const bytes = random(16);
  if (bytes.length !== 16) return randomUUID();
  const hex = Buffer.from(bytes).toString('hex');
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) & 3);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
