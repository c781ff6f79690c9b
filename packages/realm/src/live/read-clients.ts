import type { Json } from '@keyturn/protocol';
import { objectsOf, textOf, textsOf } from '../model/members.ts';
import { noteRoleMappings, readClientRoles } from './read-roles.ts';
import { type Reading, whole } from './reading.ts';
import { wantsRolesOf } from './wanted.ts';

/** Client scopes with their mappers: one listing. */
export async function readScopes(reading: Reading): Promise<void> {
  if (!reading.wants('client-scope')) return;
  for (const scope of await reading.admin.list(`${reading.base}/client-scopes`, 0)) {
    const name = textOf(scope['name']);
    reading.add('client-scope', [name], scope, textOf(scope['id']));
    noteMappers(reading, 'client-scope-mapper', name, scope['protocolMappers']);
    if (reading.wanted.of('scope-mapping', 'client-scope', name)) {
      reading.detail(() => readScopeMappings(reading, 'client-scope', name, `/client-scopes/${textOf(scope['id'])}`));
    }
  }
}

/** The scopes that a new client gets. */
export async function readRealmScopes(reading: Reading): Promise<void> {
  if (!reading.wants('realm-scope')) return;
  for (const as of ['default', 'optional']) {
    for (const scope of await reading.admin.list(`${reading.base}/default-${as}-client-scopes`, 0)) {
      reading.add('realm-scope', [textOf(scope['name'])], { as });
    }
  }
}

/** Clients with mappers and scopes: one listing. Roles and scope mappings of those that are wanted come later. */
export async function readClients(reading: Reading): Promise<void> {
  if (!reading.wants('client')) return;
  for (const client of await reading.admin.list(`${reading.base}/clients`, whole)) {
    const name = textOf(client['clientId']);
    const uid = textOf(client['id']);
    reading.add('client', [name], client, uid);
    noteMappers(reading, 'client-mapper', name, client['protocolMappers']);
    for (const as of ['default', 'optional']) {
      for (const scope of textsOf(client[`${as}ClientScopes`]))
        reading.add('client-scope-assignment', [name, scope], { as });
    }
    if (reading.wanted.of('scope-mapping', 'client', name)) {
      reading.detail(() => readScopeMappings(reading, 'client', name, `/clients/${uid}`));
    }
    if (wantsRolesOf(reading.wanted, name)) reading.detail(() => readClientRoles(reading, name, uid));
  }
}

function noteMappers(
  reading: Reading,
  type: 'client-mapper' | 'client-scope-mapper',
  owner: string,
  list: Json | undefined,
): void {
  for (const mapper of objectsOf(list))
    reading.add(type, [owner, textOf(mapper['name'])], mapper, textOf(mapper['id']));
}

async function readScopeMappings(reading: Reading, holder: string, name: string, path: string): Promise<void> {
  const mappings = await reading.admin.get(`${reading.base}${path}/scope-mappings`);
  noteRoleMappings(mappings, (client, role) => reading.add('scope-mapping', [holder, name, client, role], {}));
}
