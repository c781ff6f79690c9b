import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { objectsOf, textOf, textsOf } from '../model/members.ts';
import { isBuiltIn, keyOf, type ObjectName, type ObjectType, type ObservedObject } from '../model/objects.ts';
import type { Observed } from '../plan/observed.ts';
import { type Ownership, ownershipAttribute, parseOwnership } from '../plan/ownership.ts';
import { type Admin, pathOf } from './admin.ts';
import { AdminRefused } from './admin-refusal.ts';
import { type Wanted, wantedOf, wantsRolesOf } from './wanted.ts';

/**
 * Clients and roles are listed whole. Keycloak gives all of them without `max`, from its cache: 1,000 roles in 40 ms,
 * where a page of 500 takes a second, because paging goes to the database for each role's attributes (measured, 26.7.3).
 */
const whole = 0;
/** Lists that Keycloak cuts off by itself if not asked for pages, such as the children of a group (10). */
const pageSize = 500;
/** Requests under way at once while reading details. Keycloak serves more, but it has other callers. */
const atOnce = 6;

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
  const wanted = want(ownership.value);
  const reader = new Reader(admin, base, realm, wanted);
  reader.add('realm', [realm], representation, textOf(representation['id']));
  // Listings first, since details need the ids of owners.
  await Promise.all([
    reader.scopes(),
    reader.clients(),
    reader.realmRoles(),
    reader.groups(),
    reader.policies(representation),
  ]);
  await Promise.all([
    reader.users(),
    reader.identityProviders(),
    reader.defaultGroups(),
    reader.components(),
    reader.realmScopes(),
  ]);
  await reader.details();
  return { exists: true, objects: reader.objects, ownership: ownership.value };
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

class Reader {
  readonly objects = new Map<string, ObservedObject>();
  readonly #admin: Admin;
  readonly #base: string;
  readonly #realm: string;
  readonly #wanted: Wanted;
  readonly #details: (() => Promise<void>)[] = [];

  constructor(admin: Admin, base: string, realm: string, wanted: Wanted) {
    this.#admin = admin;
    this.#base = base;
    this.#realm = realm;
    this.#wanted = wanted;
  }

  add(type: ObjectType, name: ObjectName, fields: JsonObject, uid?: string): void {
    const builtIn = isBuiltIn({ type, name }, this.#realm);
    this.objects.set(keyOf({ type, name }), { type, name, fields, builtIn, ...(uid === undefined ? {} : { uid }) });
  }

  #wants(...types: readonly ObjectType[]): boolean {
    return types.some((type) => this.#wanted.type(type));
  }

  async scopes(): Promise<void> {
    if (!this.#wants('client-scope')) return;
    for (const scope of await this.#admin.list(`${this.#base}/client-scopes`, 0)) {
      const name = textOf(scope['name']);
      this.add('client-scope', [name], scope, textOf(scope['id']));
      this.#mappers('client-scope-mapper', name, scope['protocolMappers']);
      if (this.#wanted.of('scope-mapping', 'client-scope', name)) {
        this.#detail(() => this.#scopeMappings('client-scope', name, `/client-scopes/${textOf(scope['id'])}`));
      }
    }
  }

  async realmScopes(): Promise<void> {
    if (!this.#wants('realm-scope')) return;
    for (const as of ['default', 'optional']) {
      for (const scope of await this.#admin.list(`${this.#base}/default-${as}-client-scopes`, 0)) {
        this.add('realm-scope', [textOf(scope['name'])], { as });
      }
    }
  }

  async clients(): Promise<void> {
    if (!this.#wants('client')) return;
    for (const client of await this.#admin.list(`${this.#base}/clients`, whole)) {
      const name = textOf(client['clientId']);
      const uid = textOf(client['id']);
      this.add('client', [name], client, uid);
      this.#mappers('client-mapper', name, client['protocolMappers']);
      for (const as of ['default', 'optional']) {
        for (const scope of textsOf(client[`${as}ClientScopes`]))
          this.add('client-scope-assignment', [name, scope], { as });
      }
      if (this.#wanted.of('scope-mapping', 'client', name)) {
        this.#detail(() => this.#scopeMappings('client', name, `/clients/${uid}`));
      }
      if (wantsRolesOf(this.#wanted, name)) this.#detail(() => this.#clientRoles(name, uid));
    }
  }

  #mappers(type: 'client-mapper' | 'client-scope-mapper', owner: string, list: Json | undefined): void {
    for (const mapper of objectsOf(list)) this.add(type, [owner, textOf(mapper['name'])], mapper, textOf(mapper['id']));
  }

  async realmRoles(): Promise<void> {
    if (!this.#wants('realm-role')) return;
    for (const role of await this.#admin.list(`${this.#base}/roles?briefRepresentation=false`, whole)) {
      this.#role('', role);
    }
  }

  async #clientRoles(client: string, uid: string): Promise<void> {
    const path = `${this.#base}/clients/${uid}/roles?briefRepresentation=false`;
    const roles = await this.#admin.list(path, whole);
    await inParallel(roles.flatMap((role) => this.#role(client, role) ?? []));
  }

  /** Notes a role and, if its composites are of interest, how to read them. */
  #role(client: string, role: JsonObject): (() => Promise<void>) | undefined {
    const name = textOf(role['name']);
    const uid = textOf(role['id']);
    this.add(client === '' ? 'realm-role' : 'client-role', client === '' ? [name] : [client, name], role, uid);
    // Of a role without members the list says so; that saves a request for each in an export.
    if (!this.#wanted.of('composite', client, name) || role['composite'] !== true) return undefined;
    const read = async () => {
      for (const member of await this.#admin.list(`${this.#base}/roles-by-id/${uid}/composites`, 0)) {
        const container = member['clientRole'] === true ? this.#clientIdOf(textOf(member['containerId'])) : '';
        this.add('composite', [client, name, container, textOf(member['name'])], {});
      }
    };
    if (client !== '') return read;
    this.#detail(read);
    return undefined;
  }

  #clientIdOf(uid: string): string {
    for (const object of this.objects.values())
      if (object.type === 'client' && object.uid === uid) return object.name[0] ?? '';
    return uid;
  }

  async #scopeMappings(holder: string, name: string, path: string): Promise<void> {
    const mappings = await this.#admin.get(`${this.#base}${path}/scope-mappings`);
    this.#roleMappings(mappings, (client, role) => this.add('scope-mapping', [holder, name, client, role], {}));
  }

  #roleMappings(mappings: JsonObject, add: (client: string, role: string) => void): void {
    for (const role of objectsOf(mappings['realmMappings'])) add('', textOf(role['name']));
    const byClient = mappings['clientMappings'];
    for (const [client, entry] of Object.entries(isJsonObject(byClient) ? byClient : {})) {
      for (const role of objectsOf(isJsonObject(entry) ? entry['mappings'] : undefined))
        add(client, textOf(role['name']));
    }
  }

  async groups(): Promise<void> {
    if (!this.#wants('group')) return;
    const top = await this.#admin.list(`${this.#base}/groups?briefRepresentation=false`, pageSize);
    for (const group of top) await this.#group(group, '');
  }

  async #group(group: JsonObject, above: string): Promise<void> {
    const path = `${above}/${textOf(group['name'])}`;
    const uid = textOf(group['id']);
    this.add('group', [path], group, uid);
    for (const role of textsOf(group['realmRoles'])) this.add('group-role', [path, '', role], {});
    const byClient = group['clientRoles'];
    for (const [client, roles] of Object.entries(isJsonObject(byClient) ? byClient : {})) {
      for (const role of textsOf(roles)) this.add('group-role', [path, client, role], {});
    }
    // A listing gives no subgroups (FACTS §7), only their number. Those of a wanted group are read too: what it holds
    // decides whether it may be pruned.
    if (Number(group['subGroupCount'] ?? 1) === 0 || !this.#mayHold(path)) return;
    const below = await this.#admin.list(`${this.#base}/groups/${uid}/children?briefRepresentation=false`, pageSize);
    for (const child of below) await this.#group(child, path);
  }

  #mayHold(path: string): boolean {
    return (
      this.#wanted.everything ||
      this.#wanted
        .owners('group')
        .some(([one]) => one === path || one?.startsWith(`${path}/`) || path.startsWith(`${one}/`))
    );
  }

  async defaultGroups(): Promise<void> {
    if (!this.#wants('default-group')) return;
    for (const group of await this.#admin.list(`${this.#base}/default-groups`, 0)) {
      this.add('default-group', [textOf(group['path'])], {});
    }
  }

  /** Users are looked up by exact name, for a realm may have a million. Service accounts are found no other way. */
  async users(): Promise<void> {
    await inParallel(
      this.#wanted.owners('user').map(([username = '']) => async () => {
        const query = `username=${encodeURIComponent(username)}&exact=true&briefRepresentation=false`;
        const [user] = await this.#admin.list(`${this.#base}/users?${query}`, 0);
        if (user === undefined) return;
        const uid = textOf(user['id']);
        this.add('user', [username], user, uid);
        if (this.#wanted.of('user-role', username)) {
          const mappings = await this.#admin.get(`${this.#base}/users/${uid}/role-mappings`);
          this.#roleMappings(mappings, (client, role) => this.add('user-role', [username, client, role], {}));
        }
        if (this.#wanted.of('user-group', username)) {
          for (const group of await this.#admin.list(`${this.#base}/users/${uid}/groups`, pageSize)) {
            this.add('user-group', [username, textOf(group['path'])], {});
          }
        }
      }),
    );
  }

  async identityProviders(): Promise<void> {
    if (!this.#wants('identity-provider')) return;
    for (const provider of await this.#admin.list(`${this.#base}/identity-provider/instances`, pageSize)) {
      const alias = textOf(provider['alias']);
      this.add('identity-provider', [alias], provider, textOf(provider['internalId']));
      if (!this.#wanted.of('identity-provider-mapper', alias)) continue;
      for (const mapper of await this.#admin.list(
        `${this.#base}/identity-provider/instances${pathOf(alias)}/mappers`,
        0,
      )) {
        this.add('identity-provider-mapper', [alias, textOf(mapper['name'])], mapper, textOf(mapper['id']));
      }
    }
  }

  async components(): Promise<void> {
    const types = this.#wanted.everything ? [] : this.#wanted.owners('component').map(([type = '']) => type);
    for (const type of types) {
      for (const component of await this.#admin.list(`${this.#base}/components?type=${encodeURIComponent(type)}`, 0)) {
        const name = [type, textOf(component['subType']), textOf(component['name'])];
        this.add('component', name, component, textOf(component['id']));
      }
    }
  }

  /** Client profiles and policies come with the realm itself. */
  async policies(representation: JsonObject): Promise<void> {
    const lists = [
      ['client-profile', 'clientProfiles', 'profiles'],
      ['client-policy', 'clientPolicies', 'policies'],
    ] as const;
    for (const [type, member, list] of lists) {
      if (!this.#wants(type)) continue;
      const holder = representation[member] ?? (await this.#admin.find(`${this.#base}/client-policies/${list}`));
      for (const entry of objectsOf(isJsonObject(holder) ? holder[list] : undefined))
        this.add(type, [textOf(entry['name'])], entry);
    }
  }

  #detail(read: () => Promise<void>): void {
    this.#details.push(read);
  }

  async details(): Promise<void> {
    await inParallel(this.#details);
  }
}

async function inParallel(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const queue = tasks.values();
  const worker = async () => {
    for (const task of queue) await task();
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, tasks.length) }, worker));
}
