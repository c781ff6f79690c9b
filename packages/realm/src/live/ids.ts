import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { keyOf, type ObjectRef, showRef } from '../model/objects.ts';
import type { Observed } from '../plan/observed.ts';
import { type Admin, pathOf } from './admin.ts';
import { AdminRefused } from './admin-refusal.ts';

/** Names to Keycloak's ids: those that were read, those that were just made, and the rest looked up once. */
export interface Ids {
  /** The id, if it is known without asking. */
  known(ref: ObjectRef): string | undefined;
  /** The id, looked up if need be; refuses if there is no such object. */
  get(ref: ObjectRef): Promise<string>;
  client(clientId: string): Promise<string>;
  /** A user's id; that of a service account, too, which comes with its client. */
  user(username: string): Promise<string>;
  /** The fields that were read at the start. */
  fields(ref: ObjectRef): JsonObject | undefined;
  learn(ref: ObjectRef, uid: string): void;
}

export function openIds(admin: Admin, realm: string, observed: Observed): Ids {
  const known = new Map<string, string>();
  for (const [key, { uid }] of observed.objects) if (uid !== undefined && uid !== '') known.set(key, uid);

  const lookUp = async ({ type, name }: ObjectRef): Promise<string | undefined> => {
    const base = pathOf(realm);
    const [first = '', second = ''] = name;
    const idOf = async (path: string) => {
      const found = await admin.find(`${base}${path}`);
      return isJsonObject(found) && typeof found['id'] === 'string' ? found['id'] : undefined;
    };
    const among = async (path: string, member: string, value: string) => {
      const id = (await admin.list(`${base}${path}`, 0)).find((one) => one[member] === value)?.['id'];
      return typeof id === 'string' ? id : undefined;
    };
    if (type === 'realm-role') return idOf(`/roles${pathOf(first)}`);
    if (type === 'client-role') return idOf(`/clients/${await ids.client(first)}/roles${pathOf(second)}`);
    if (type === 'client') return among(`/clients?clientId=${encodeURIComponent(first)}`, 'clientId', first);
    if (type === 'client-scope') return among('/client-scopes', 'name', first);
    if (type === 'user') return among(`/users?username=${encodeURIComponent(first)}&exact=true`, 'username', first);
    if (type === 'group')
      return idOf(
        `/group-by-path${first
          .split('/')
          .slice(1)
          .map((part) => pathOf(part))
          .join('')}`,
      );
    if (type === 'client-mapper')
      return among(`/clients/${await ids.client(first)}/protocol-mappers/models`, 'name', second);
    if (type === 'client-scope-mapper') {
      return among(
        `/client-scopes/${await ids.get({ type: 'client-scope', name: [first] })}/protocol-mappers/models`,
        'name',
        second,
      );
    }
    return undefined;
  };

  const ids: Ids = {
    known: (ref) => known.get(keyOf(ref)),
    async get(ref) {
      const uid = known.get(keyOf(ref)) ?? (await lookUp(ref));
      if (uid === undefined)
        throw new AdminRefused({ why: 'not-found', request: showRef(ref), detail: 'not in the realm' });
      known.set(keyOf(ref), uid);
      return uid;
    },
    client: (clientId) => ids.get({ type: 'client', name: [clientId] }),
    user: (username) => ids.get({ type: 'user', name: [username] }),
    fields: (ref) => observed.objects.get(keyOf(ref))?.fields,
    learn: (ref, uid) => void known.set(keyOf(ref), uid),
  };
  return ids;
}
