import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { objectsOf, textOf } from '../model/members.ts';
import { pathOf } from './admin.ts';
import { pageSize, type Reading } from './reading.ts';

/** Identity providers, and the mappers of those that are wanted. */
export async function readIdentityProviders(reading: Reading): Promise<void> {
  if (!reading.wants('identity-provider')) return;
  for (const provider of await reading.admin.list(`${reading.base}/identity-provider/instances`, pageSize)) {
    const alias = textOf(provider['alias']);
    reading.add('identity-provider', [alias], provider, textOf(provider['internalId']));
    if (!reading.wanted.of('identity-provider-mapper', alias)) continue;
    for (const mapper of await reading.admin.list(
      `${reading.base}/identity-provider/instances${pathOf(alias)}/mappers`,
      0,
    )) {
      reading.add('identity-provider-mapper', [alias, textOf(mapper['name'])], mapper, textOf(mapper['id']));
    }
  }
}

/** Components, by their provider type: a listing of all would hold the realm's keys. */
export async function readComponents(reading: Reading): Promise<void> {
  const types = reading.wanted.everything ? [] : reading.wanted.owners('component').map(([type = '']) => type);
  for (const type of types) {
    for (const component of await reading.admin.list(
      `${reading.base}/components?type=${encodeURIComponent(type)}`,
      0,
    )) {
      const name = [type, textOf(component['subType']), textOf(component['name'])];
      reading.add('component', name, component, textOf(component['id']));
    }
  }
}

/** Client profiles and policies come with the realm itself; an account with few rights asks for them. */
export async function readPolicies(reading: Reading, representation: JsonObject): Promise<void> {
  const lists = [
    ['client-profile', 'clientProfiles', 'profiles'],
    ['client-policy', 'clientPolicies', 'policies'],
  ] as const;
  for (const [type, member, list] of lists) {
    if (!reading.wants(type)) continue;
    const holder = representation[member] ?? (await reading.admin.find(`${reading.base}/client-policies/${list}`));
    for (const entry of objectsOf(isJsonObject(holder) ? holder[list] : undefined))
      reading.add(type, [textOf(entry['name'])], entry);
  }
}
