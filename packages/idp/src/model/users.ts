import { ok, type Result, refuse } from '@keyturn/protocol';
import { lineageOf } from './groups.ts';
import type { Realm } from './realm.ts';
import type { ModelRefusal } from './refusal.ts';
import type { Role } from './role.ts';
import { expandRoles } from './roles.ts';
import { endSessionsOfUser } from './sessions.ts';
import type { IdpState } from './state.ts';
import type { User } from './user.ts';

/** What a new user may say of itself. `withoutDefaults`: neither default role nor default groups, as realm import does. */
export type NewUser = Partial<Omit<User, 'realmId' | 'username'>> & { readonly username: string };

/** Creates a user; user names and (unless duplicates are allowed) e-mail addresses are unique, without case. */
export function createUser(
  state: IdpState,
  realm: Realm,
  given: NewUser,
  options: { readonly withoutDefaults?: boolean } = {},
): Result<User, ModelRefusal> {
  const user: User = {
    enabled: false,
    emailVerified: false,
    createdTimestamp: state.clock(),
    attributes: {},
    requiredActions: realm.requiredActions.filter((it) => it.enabled && it.defaultAction).map((it) => it.alias),
    credentials: [],
    notBefore: 0,
    consents: [],
    federatedIdentities: [],
    ...given,
    id: given.id ?? state.newUuid(),
    realmId: realm.id,
    username: given.username.toLowerCase(),
    ...(given.email === undefined ? {} : { email: given.email.toLowerCase() }),
    roleIds: [
      ...new Set([...(options.withoutDefaults === true ? [] : [realm.defaultRoleId]), ...(given.roleIds ?? [])]),
    ],
    groupIds: [
      ...new Set([...(options.withoutDefaults === true ? [] : realm.defaultGroupIds), ...(given.groupIds ?? [])]),
    ],
  };
  const clash = clashOf(state, realm, user);
  return clash === undefined ? ok(state.users.put(user)) : refuse(clash);
}

/** Replaces a user under the same rules. */
export function updateUser(state: IdpState, realm: Realm, changed: User): Result<User, ModelRefusal> {
  const user: User = {
    ...changed,
    username: changed.username.toLowerCase(),
    ...(changed.email === undefined ? {} : { email: changed.email.toLowerCase() }),
  };
  const clash = clashOf(state, realm, user);
  return clash === undefined ? ok(state.users.put(user)) : refuse(clash);
}

function clashOf(state: IdpState, realm: Realm, user: User): ModelRefusal | undefined {
  const sameName = state.users.one(realm.id, 'username', user.username);
  if (sameName !== undefined && sameName.id !== user.id)
    return { why: 'exists', what: 'username', name: user.username };
  if (user.email === undefined || user.email === '' || realm.duplicateEmailsAllowed) return undefined;
  const sameMail = state.users.by(realm.id, 'email', user.email).find((it) => it.id !== user.id);
  return sameMail === undefined ? undefined : { why: 'exists', what: 'email', name: user.email };
}

/** Finds who a login name means: the user name, or the e-mail address if the realm allows that. Service accounts too. */
export function findLogin(state: IdpState, realm: Realm, name: string): User | undefined {
  const wanted = name.trim().toLowerCase();
  const byName = state.users.one(realm.id, 'username', wanted);
  if (byName !== undefined || !realm.loginWithEmailAllowed || !wanted.includes('@')) return byName;
  return state.users.one(realm.id, 'email', wanted);
}

/** Every role that the user has: mapped, by group and the group's ancestors, and all that those include. */
export function effectiveRoles(state: IdpState, user: User): ReadonlyMap<string, Role> {
  const ids = [...user.roleIds];
  for (const groupId of user.groupIds) for (const group of lineageOf(state, groupId)) ids.push(...group.roleIds);
  return expandRoles(state, ids);
}

/** Deletes a user with all sessions. */
export function deleteUser(state: IdpState, user: User): void {
  state.transaction(() => {
    endSessionsOfUser(state, user, { offline: true });
    state.loginFailures.delete(user.id);
    state.users.delete(user.id);
  });
}
