import { ok, type Result, refuse } from '@keyturn/protocol';
import {
  createRole,
  findClient,
  findRole,
  type IdpState,
  type ModelRefusal,
  type Realm,
  type Role,
} from '../model/index.ts';
import { attributesOf, type RoleRepresentation } from '../admin/representation/role.ts';

/** A role by name, made if it is not there: what Keycloak does for roles that users and groups of an import name. */
export function roleNamed(state: IdpState, realm: Realm, name: string, clientUuid?: string): Role | undefined {
  const found = findRole(state, realm.id, name, clientUuid);
  if (found !== undefined) return found;
  const made = createRole(state, realm.id, { name, ...(clientUuid === undefined ? {} : { clientUuid }) });
  return made.ok ? made.value : undefined;
}

/** Ids of the roles that a user or group of an import names; unknown clients are passed over. */
export function roleIdsOf(
  state: IdpState,
  realm: Realm,
  given: {
    readonly realmRoles?: readonly string[];
    readonly clientRoles?: Readonly<Record<string, readonly string[] | null>>;
  },
): readonly string[] {
  const ofRealm = (given.realmRoles ?? []).map((name) => roleNamed(state, realm, name.trim())?.id);
  const ofClients = Object.entries(given.clientRoles ?? {}).flatMap(([clientId, names]) => {
    const client = findClient(state, realm.id, clientId);
    return client === undefined ? [] : (names ?? []).map((name) => roleNamed(state, realm, name.trim(), client.id)?.id);
  });
  return [...ofRealm, ...ofClients].filter((id) => id !== undefined);
}

/** Creates a role, or gives one that is there already (the default role, those of built-in clients) what is said of it. */
export function putRole(
  state: IdpState,
  realm: Realm,
  given: RoleRepresentation,
  clientUuid?: string,
): Result<Role, ModelRefusal> {
  const name = given.name ?? '';
  const attributes = attributesOf(given.attributes);
  const said = {
    ...(given.description === undefined ? {} : { description: given.description }),
    ...(attributes === undefined ? {} : { attributes }),
  };
  const found = findRole(state, realm.id, name, clientUuid);
  if (found !== undefined) return ok(state.roles.put({ ...found, ...said }));
  return createRole(state, realm.id, {
    name,
    ...said,
    ...(given.id === undefined || state.roles.get(given.id) !== undefined ? {} : { id: given.id }),
    ...(clientUuid === undefined ? {} : { clientUuid }),
  });
}

/** Ids of what a role's representation includes; a name that is not there refuses the whole. */
export function compositeIdsOf(
  state: IdpState,
  realm: Realm,
  given: RoleRepresentation,
): Result<readonly string[], ModelRefusal> {
  const ids: string[] = [];
  for (const name of given.composites?.realm ?? []) {
    const role = findRole(state, realm.id, name);
    if (role === undefined) return refuse({ why: 'unknown', what: 'role', name });
    ids.push(role.id);
  }
  for (const [clientId, names] of Object.entries(given.composites?.client ?? {})) {
    const client = findClient(state, realm.id, clientId);
    if (client === undefined) return refuse({ why: 'unknown', what: 'client', name: clientId });
    for (const name of names ?? []) {
      const role = findRole(state, realm.id, name, client.id);
      if (role === undefined) return refuse({ why: 'unknown', what: 'role', name });
      ids.push(role.id);
    }
  }
  return ok(ids);
}
