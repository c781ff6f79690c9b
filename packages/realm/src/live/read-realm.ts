import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { textOf } from '../model/members.ts';
import type { ObservedObject } from '../model/objects.ts';
import type { Observed } from '../plan/observed.ts';
import { type Ownership, ownershipAttribute, parseOwnership } from '../plan/ownership.ts';
import { type Admin, pathOf } from './admin.ts';
import { AdminRefused } from './admin-refusal.ts';
import { readClients, readRealmScopes, readScopes } from './read-clients.ts';
import { readComponents, readIdentityProviders, readPolicies } from './read-others.ts';
import { readDefaultGroups, readGroups, readUsers } from './read-people.ts';
import { readRealmRoles } from './read-roles.ts';
import { inParallel, openReading } from './reading.ts';
import { type Wanted, wantedOf } from './wanted.ts';

/**
 * Reads a realm: one listing request a kind and page, and details only of what is wanted. What is owned is read too,
 * so that what is no longer declared can be pruned. Throws `AdminRefused`.
 */
export async function readRealm(
  admin: Admin,
  realm: string,
  want: (ownership: Ownership) => Wanted,
): Promise<Observed> {
  const base = pathOf(realm);
  const representation = await admin.find(base);
  if (!isJsonObject(representation)) return { exists: false, objects: new Map(), ownership: new Map() };
  checkNotReduced(base, representation);
  const attributes = isJsonObject(representation['attributes']) ? representation['attributes'] : {};
  const ownership = parseOwnership(textOf(attributes[ownershipAttribute]));
  if (!ownership.ok) throw new AdminRefused({ why: 'unreadable-ownership', detail: ownership.refusal });
  const reading = openReading(admin, realm, want(ownership.value));
  reading.add('realm', [realm], representation, textOf(representation['id']));
  // Listings first, since details need the ids of owners.
  await inParallel([readScopes, readClients, readRealmRoles, readGroups, readUsers].map((read) => () => read(reading)));
  await inParallel(
    [readIdentityProviders, readDefaultGroups, readComponents, readRealmScopes].map((read) => () => read(reading)),
  );
  await readPolicies(reading, representation);
  await reading.readDetails();
  return { exists: true, objects: reading.objects, ownership: ownership.value };
}

/** Reads what a plan or a file names, with everything that is owned. */
export function readFor(
  admin: Admin,
  realm: string,
  refs: Iterable<Pick<ObservedObject, 'type' | 'name'>>,
): Promise<Observed> {
  return readRealm(admin, realm, (ownership) => wantedOf([...refs, ...ownership.values()]));
}

/** Keycloak gives any admin account five harmless members with 200 instead of a 403 (FACTS §7): taken at face value, the rest would look unset. */
function checkNotReduced(base: string, representation: JsonObject): void {
  if (representation['accessTokenLifespan'] === undefined) {
    throw new AdminRefused({
      why: 'forbidden',
      request: `GET /admin/realms${base} (answered with a reduced realm)`,
      role: 'view-realm',
    });
  }
}
