import { keyOf, type ObjectRef, type ObjectType, referencesOf, roleRef } from '../model/objects.ts';

/**
 * What is to be read. Listings are one request each whatever they hold; details (the roles of one client, the
 * composites of one role, one user) cost a request each and are fetched only for owners named here.
 */
export interface Wanted {
  type(type: ObjectType): boolean;
  /** Whether anything of this type with this owner is of interest. */
  of(type: ObjectType, ...owner: readonly string[]): boolean;
  /** The owners named for a type, for those that are looked up one by one. */
  owners(type: ObjectType): readonly (readonly string[])[];
  /** True for an export: whatever there is. */
  readonly everything: boolean;
}

const ownerLength: Partial<Record<ObjectType, number>> = { composite: 2, 'scope-mapping': 2 };

/** These objects, what they refer to and, for pruning, what they contain. */
export function wantedOf(refs: Iterable<ObjectRef>): Wanted {
  const owners = new Map<ObjectType, Map<string, readonly string[]>>();
  const add = (ref: ObjectRef): void => {
    const owner = ref.name.slice(0, ownerLength[ref.type] ?? 1);
    const known = owners.get(ref.type) ?? new Map<string, readonly string[]>();
    owners.set(ref.type, known.set(JSON.stringify(owner), owner));
    for (const reference of referencesOf(ref)) if (keyOf(reference) !== keyOf(ref)) add(reference);
  };
  for (const ref of refs) add(ref);
  return {
    everything: false,
    type: (type) => owners.has(type),
    of: (type, ...owner) => owners.get(type)?.has(JSON.stringify(owner)) ?? false,
    owners: (type) => [...(owners.get(type)?.values() ?? [])],
  };
}

/** Everything but users: their number is not the template's business. */
export const wantEverything: Wanted = {
  everything: true,
  type: (type) => type !== 'user' && type !== 'user-role' && type !== 'user-group',
  of: (type) => type !== 'user' && type !== 'user-role' && type !== 'user-group',
  owners: () => [],
};

/** Whether the roles of a client are of interest: its own are wanted, or something wanted refers to one of them. */
export function wantsRolesOf(wanted: Wanted, client: string): boolean {
  return wanted.of(roleRef(client, '').type, client);
}
