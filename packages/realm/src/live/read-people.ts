import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { textOf, textsOf } from '../model/members.ts';
import { noteRoleMappings } from './read-roles.ts';
import { inParallel, pageSize, type Reading } from './reading.ts';

/** Groups from the top, and below those that are wanted or above something wanted. */
export async function readGroups(reading: Reading): Promise<void> {
  if (!reading.wants('group')) return;
  const top = await reading.admin.list(`${reading.base}/groups?briefRepresentation=false`, pageSize);
  for (const group of top) await readGroup(reading, group, '');
}

async function readGroup(reading: Reading, group: JsonObject, above: string): Promise<void> {
  const path = `${above}/${textOf(group['name'])}`;
  const uid = textOf(group['id']);
  reading.add('group', [path], group, uid);
  for (const role of textsOf(group['realmRoles'])) reading.add('group-role', [path, '', role], {});
  const byClient = group['clientRoles'];
  for (const [client, roles] of Object.entries(isJsonObject(byClient) ? byClient : {})) {
    for (const role of textsOf(roles)) reading.add('group-role', [path, client, role], {});
  }
  // A listing gives no subgroups (FACTS §7), only their number. Those of a wanted group are read too: what it holds
  // decides whether it may be pruned.
  if (Number(group['subGroupCount'] ?? 1) === 0 || !mayHold(reading, path)) return;
  const below = await reading.admin.list(`${reading.base}/groups/${uid}/children?briefRepresentation=false`, pageSize);
  for (const child of below) await readGroup(reading, child, path);
}

function mayHold(reading: Reading, path: string): boolean {
  return (
    reading.wanted.everything ||
    reading.wanted
      .owners('group')
      .some(([one]) => one === path || one?.startsWith(`${path}/`) || path.startsWith(`${one}/`))
  );
}

/** The groups that every new user joins. */
export async function readDefaultGroups(reading: Reading): Promise<void> {
  if (!reading.wants('default-group')) return;
  for (const group of await reading.admin.list(`${reading.base}/default-groups`, 0)) {
    reading.add('default-group', [textOf(group['path'])], {});
  }
}

/** Users are looked up by exact name, for a realm may have a million. Service accounts are found no other way. */
export async function readUsers(reading: Reading): Promise<void> {
  await inParallel(
    reading.wanted.owners('user').map(([username = '']) => async () => {
      const query = `username=${encodeURIComponent(username)}&exact=true&briefRepresentation=false`;
      const [user] = await reading.admin.list(`${reading.base}/users?${query}`, 0);
      if (user === undefined) return;
      const uid = textOf(user['id']);
      reading.add('user', [username], user, uid);
      if (reading.wanted.of('user-role', username)) {
        const mappings = await reading.admin.get(`${reading.base}/users/${uid}/role-mappings`);
        noteRoleMappings(mappings, (client, role) => reading.add('user-role', [username, client, role], {}));
      }
      if (reading.wanted.of('user-group', username)) {
        for (const group of await reading.admin.list(`${reading.base}/users/${uid}/groups`, pageSize)) {
          reading.add('user-group', [username, textOf(group['path'])], {});
        }
      }
    }),
  );
}
