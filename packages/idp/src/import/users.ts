import { isJsonObject, type JsonObject, ok, type Result } from '@keyturn/protocol';
import {
  createGroup,
  createUser,
  type Credential,
  findClient,
  groupByPath,
  type Group,
  type IdpState,
  type ModelRefusal,
  type Realm,
  serviceAccountOf,
  type User,
} from '../model/index.ts';
import type { PasswordHasher } from '../passwords.ts';
import { flag, listMap, number, object, objects, present, text, texts } from './fields.ts';
import { roleIdsOf } from './roles.ts';

/** Creates a group with its roles and subgroups. */
export function importGroup(
  state: IdpState,
  realm: Realm,
  it: JsonObject,
  parentId?: string,
): Result<Group, ModelRefusal> {
  const description = text(it, 'description');
  const made = createGroup(state, realm.id, {
    name: text(it, 'name') ?? '',
    ...(description === undefined ? {} : { description }),
    ...(parentId === undefined ? {} : { parentId }),
    attributes: listMap(it['attributes']),
    roleIds: roleIdsOf(state, realm, it['realmRoles'], it['clientRoles']),
  });
  if (!made.ok) return made;
  for (const child of objects(it['subGroups'])) importGroup(state, realm, child, made.value.id);
  return made;
}

/**
 * Hashes the passwords of a UserRepresentation, off the event loop and before the transaction that creates the user.
 * Hashes from Keycloak's exports are taken over; `unsupported` names kinds of credentials that are not.
 */
export async function credentialsFrom(
  state: IdpState,
  passwords: PasswordHasher,
  it: JsonObject,
): Promise<{
  readonly credentials: readonly Credential[];
  readonly temporary: boolean;
  readonly unsupported: readonly string[];
}> {
  const credentials: Credential[] = [];
  const unsupported: string[] = [];
  let temporary = false;
  for (const given of objects(it['credentials'])) {
    const type = text(given, 'type') ?? 'password';
    const value = text(given, 'value');
    const hash =
      type !== 'password' ? undefined : value !== undefined ? await passwords.hash(value) : exportedHash(given);
    if (hash === undefined) {
      unsupported.push(type);
      continue;
    }
    temporary ||= flag(given, 'temporary') === true;
    const userLabel = text(given, 'userLabel');
    credentials.push({
      id: state.newUuid(),
      type: 'password',
      ...(userLabel === undefined ? {} : { userLabel }),
      createdDate: number(given, 'createdDate') ?? state.clock(),
      hash,
    });
  }
  return { credentials: credentials.slice(-1), temporary, unsupported };
}

/**
 * Creates a user of a realm file. As in Keycloak such users get no default role unless they name it, and a
 * `temporary` password is an ordinary one. The account of a service only gets its roles and attributes.
 */
export function importUser(
  state: IdpState,
  realm: Realm,
  it: JsonObject,
  credentials: readonly Credential[],
): Result<User, ModelRefusal> {
  const roleIds = roleIdsOf(state, realm, it['realmRoles'], it['clientRoles']);
  const groupIds = texts(it['groups']).flatMap((path) => groupByPath(state, realm.id, path)?.id ?? []);
  const serviceOf = text(it, 'serviceAccountClientId');
  if (serviceOf !== undefined) {
    const client = findClient(state, realm.id, serviceOf);
    const account = client === undefined ? undefined : serviceAccountOf(state, client);
    if (account !== undefined) {
      const attributes = { ...account.attributes, ...listMap(it['attributes']) };
      const all = [...new Set([...account.roleIds, ...roleIds])];
      return ok(state.users.put({ ...account, attributes, roleIds: all, groupIds }));
    }
  }
  return createUser(
    state,
    realm,
    {
      ...userFrom(it),
      username: text(it, 'username') ?? text(it, 'email') ?? '',
      credentials,
      roleIds,
      groupIds,
      enabled: flag(it, 'enabled') ?? false,
    },
    { withoutDefaults: true },
  );
}

/** The plain members of a UserRepresentation that are there. */
export function userFrom(it: JsonObject): Partial<Omit<User, 'realmId' | 'username'>> {
  const members = {
    id: text(it, 'id'),
    email: text(it, 'email'),
    emailVerified: flag(it, 'emailVerified'),
    firstName: text(it, 'firstName'),
    lastName: text(it, 'lastName'),
    enabled: flag(it, 'enabled'),
    createdTimestamp: number(it, 'createdTimestamp'),
    attributes: it['attributes'] === undefined ? undefined : listMap(it['attributes']),
    requiredActions: it['requiredActions'] === undefined ? undefined : texts(it['requiredActions']),
    notBefore: number(it, 'notBefore'),
  };
  return present(members);
}

// An export of Keycloak has the hash in two texts of JSON: argon2 and the older PBKDF2 are read.
function exportedHash(given: JsonObject): string | undefined {
  const data = parsed(text(given, 'credentialData'));
  const secret = parsed(text(given, 'secretData'));
  const value = text(secret, 'value');
  const salt = text(secret, 'salt');
  if (value === undefined || salt === undefined) return undefined;
  const iterations = number(data, 'hashIterations') ?? 1;
  const parameters = object(data['additionalParameters']);
  const parameter = (name: string, standard: string): string => texts(parameters[name])[0] ?? standard;
  const algorithm = text(data, 'algorithm');
  const bare = (base64: string): string => base64.replace(/=+$/, '');
  if (algorithm === 'argon2' && parameter('type', 'id') === 'id') {
    const cost = `m=${parameter('memory', '7168')},t=${iterations},p=${parameter('parallelism', '1')}`;
    return `$argon2id$v=19$${cost}$${bare(salt)}$${bare(value)}`;
  }
  const digest = /^pbkdf2(?:-(sha\d+))?$/.exec(algorithm ?? '');
  return digest === null ? undefined : `$pbkdf2-${digest[1] ?? 'sha1'}$i=${iterations}$${bare(salt)}$${bare(value)}`;
}

function parsed(json: string | undefined): JsonObject {
  try {
    const value: unknown = JSON.parse(json ?? '{}');
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
