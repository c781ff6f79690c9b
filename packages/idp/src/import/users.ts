import type { IdpContext } from '../context.ts';
import {
  createUser,
  findClient,
  groupByPath,
  type IdpState,
  type ModelRefusal,
  type Realm,
  serviceAccountOf,
  type User,
} from '../model/index.ts';
import { attributesOf } from '../admin/representation/role.ts';
import type { UserRepresentation } from '../admin/representation/user.ts';
import type { Must } from './all-or-nothing.ts';
import { type ReadCredentials, readCredentials } from './credentials.ts';
import { roleIdsOf } from './roles.ts';

/** A user of an import whose passwords are hashed already: hashing waits, and a transaction cannot. */
export interface PreparedUser {
  readonly given: UserRepresentation;
  readonly read: ReadCredentials;
}

/** Hashes the passwords of users, one after the other so that a big file does not take all threads. */
export async function prepareUsers(
  world: Pick<IdpContext, 'state' | 'passwords'>,
  given: readonly UserRepresentation[],
): Promise<readonly PreparedUser[]> {
  const prepared: PreparedUser[] = [];
  for (const it of given) prepared.push({ given: it, read: await readCredentials(world, it.credentials ?? []) });
  return prepared;
}

/**
 * Creates a user of a realm file or partial import: as it says, without default role and groups, and with a temporary
 * password taken as a lasting one, as in Keycloak.
 */
export function importUser(
  state: IdpState,
  realm: Realm,
  { given, read }: PreparedUser,
  must: Must<ModelRefusal>,
): User {
  const roleIds = roleIdsOf(state, realm, given);
  const groupIds = (given.groups ?? []).map((path) => {
    const group = groupByPath(state, realm.id, path);
    return must(group === undefined ? unknownGroup(path) : { ok: true, value: group.id });
  });
  const account =
    given.serviceAccountClientId === undefined ? undefined : accountOf(state, realm, given.serviceAccountClientId);
  if (account !== undefined) {
    return state.users.put({
      ...account,
      roleIds: union(account.roleIds, roleIds),
      groupIds: union(account.groupIds, groupIds),
    });
  }
  return must(
    createUser(
      state,
      realm,
      {
        username: given.username ?? given.email ?? '',
        ...(given.id === undefined || state.users.get(given.id) !== undefined ? {} : { id: given.id }),
        enabled: given.enabled ?? false,
        emailVerified: given.emailVerified ?? false,
        ...(given.email === undefined || given.email === '' ? {} : { email: given.email }),
        ...(given.firstName === undefined ? {} : { firstName: given.firstName }),
        ...(given.lastName === undefined ? {} : { lastName: given.lastName }),
        ...(given.createdTimestamp === undefined ? {} : { createdTimestamp: given.createdTimestamp }),
        ...(given.notBefore === undefined ? {} : { notBefore: given.notBefore }),
        attributes: attributesOf(given.attributes) ?? {},
        requiredActions: given.requiredActions ?? [],
        credentials: read.credentials,
        federatedIdentities: (given.federatedIdentities ?? []).map((it) => ({
          identityProvider: it.identityProvider ?? '',
          userId: it.userId ?? '',
          userName: it.userName ?? '',
        })),
        roleIds,
        groupIds,
      },
      { withoutDefaults: true },
    ),
  );
}

function accountOf(state: IdpState, realm: Realm, clientId: string): User | undefined {
  const client = findClient(state, realm.id, clientId);
  return client === undefined ? undefined : serviceAccountOf(state, client);
}

function unknownGroup(name: string): { readonly ok: false; readonly refusal: ModelRefusal } {
  return { ok: false, refusal: { why: 'unknown', what: 'group', name } };
}

function union(before: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...before, ...more])];
}
