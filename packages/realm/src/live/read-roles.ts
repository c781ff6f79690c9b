import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { objectsOf, textOf } from '../model/members.ts';
import { inParallel, type Reading, whole } from './reading.ts';

/** The realm's roles: one listing, which says of each whether it has members. */
export async function readRealmRoles(reading: Reading): Promise<void> {
  if (!reading.wants('realm-role')) return;
  for (const role of await reading.admin.list(`${reading.base}/roles?briefRepresentation=false`, whole)) {
    noteRole(reading, '', role);
  }
}

/** The roles of one client. */
export async function readClientRoles(reading: Reading, client: string, uid: string): Promise<void> {
  const path = `${reading.base}/clients/${uid}/roles?briefRepresentation=false`;
  const roles = await reading.admin.list(path, whole);
  await inParallel(roles.flatMap((role) => noteRole(reading, client, role) ?? []));
}

/** Notes a role. Gives back, or puts off, the reading of its composites if they are of interest. */
function noteRole(reading: Reading, client: string, role: JsonObject): (() => Promise<void>) | undefined {
  const name = textOf(role['name']);
  const uid = textOf(role['id']);
  reading.add(client === '' ? 'realm-role' : 'client-role', client === '' ? [name] : [client, name], role, uid);
  // Of a role without members the list says so; that saves a request for each in an export.
  if (!reading.wanted.of('composite', client, name) || role['composite'] !== true) return undefined;
  const read = async () => {
    for (const member of await reading.admin.list(`${reading.base}/roles-by-id/${uid}/composites`, 0)) {
      const container = member['clientRole'] === true ? clientIdOf(reading, textOf(member['containerId'])) : '';
      reading.add('composite', [client, name, container, textOf(member['name'])], {});
    }
  };
  if (client !== '') return read;
  reading.detail(read);
  return undefined;
}

function clientIdOf(reading: Reading, uid: string): string {
  for (const object of reading.objects.values())
    if (object.type === 'client' && object.uid === uid) return object.name[0] ?? '';
  return uid;
}

/** Keycloak's answer to `…/role-mappings` and `…/scope-mappings`, role by role. */
export function noteRoleMappings(mappings: JsonObject, add: (client: string, role: string) => void): void {
  for (const role of objectsOf(mappings['realmMappings'])) add('', textOf(role['name']));
  const byClient = mappings['clientMappings'];
  for (const [client, entry] of Object.entries(isJsonObject(byClient) ? byClient : {})) {
    for (const role of objectsOf(isJsonObject(entry) ? entry['mappings'] : undefined))
      add(client, textOf(role['name']));
  }
}
