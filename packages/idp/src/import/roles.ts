import type { Json, JsonObject } from '@keyturn/protocol';
import { createRole, findClient, findRole, type IdpState, type Realm, type Role } from '../model/index.ts';
import { listMap, object, objects, text, texts } from './fields.ts';

/** Creates the roles of a representation (`{realm: […], client: {…}}`), then joins the composites. Existing ones are kept. */
export function importRoles(state: IdpState, realm: Realm, value: Json | undefined): void {
  const roles = object(value);
  const joined: (readonly [Role, JsonObject])[] = [];
  const create = (it: JsonObject, clientUuid: string | undefined): void => {
    const name = text(it, 'name') ?? '';
    const existing = findRole(state, realm.id, name, clientUuid);
    const description = text(it, 'description');
    const made = createRole(state, realm.id, {
      name,
      ...(description === undefined ? {} : { description }),
      ...(clientUuid === undefined ? {} : { clientUuid }),
      attributes: listMap(it['attributes']),
    });
    const role = existing ?? (made.ok ? made.value : undefined);
    if (role !== undefined && it['composites'] !== undefined) joined.push([role, object(it['composites'])]);
  };
  for (const it of objects(roles['realm'])) create(it, undefined);
  for (const [clientId, list] of Object.entries(object(roles['client']))) {
    const client = findClient(state, realm.id, clientId);
    if (client !== undefined) for (const it of objects(list)) create(it, client.id);
  }
  for (const [role, composites] of joined) {
    const compositeIds = [...new Set([...role.compositeIds, ...compositeIdsOf(state, realm, composites)])];
    state.roles.put({ ...role, compositeIds });
  }
}

/** Ids of the roles that `composites` (`{realm: […], client: {…}}`) names. */
export function compositeIdsOf(state: IdpState, realm: Realm, composites: JsonObject): readonly string[] {
  return roleIdsOf(state, realm, composites['realm'], composites['client']);
}

/** Ids of realm roles and, by `clientId`, client roles; names that do not exist fall out. */
export function roleIdsOf(
  state: IdpState,
  realm: Realm,
  realmRoles: Json | undefined,
  clientRoles: Json | undefined,
): readonly string[] {
  const ids = texts(realmRoles).map((name) => findRole(state, realm.id, name)?.id);
  for (const [clientId, names] of Object.entries(object(clientRoles))) {
    const client = findClient(state, realm.id, clientId);
    if (client !== undefined) for (const name of texts(names)) ids.push(findRole(state, realm.id, name, client.id)?.id);
  }
  return ids.filter((id) => id !== undefined);
}
