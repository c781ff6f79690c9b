import type { JsonObject } from '@keyturn/protocol';
import { isBuiltIn, keyOf, type ObjectName, type ObjectType, type ObservedObject } from '../model/objects.ts';
import { type Admin, pathOf } from './admin.ts';
import type { Wanted } from './wanted.ts';

/**
 * Clients and roles are listed whole. Keycloak gives all of them without `max`, from its cache: 1,000 roles in 40 ms,
 * where a page of 500 takes a second, because paging goes to the database for each role's attributes (measured, 26.7.3).
 */
export const whole = 0;
/** Lists that Keycloak cuts off by itself if not asked for pages, such as the children of a group (10). */
export const pageSize = 500;
/** Requests under way at once while reading details. Keycloak serves more, but it has other callers. */
const atOnce = 6;

/** One look at a realm under way: what is wanted, and what has been seen so far. */
export interface Reading {
  readonly admin: Admin;
  /** The realm's path below `/admin/realms`. */
  readonly base: string;
  readonly wanted: Wanted;
  readonly objects: Map<string, ObservedObject>;
  wants(type: ObjectType): boolean;
  /** Notes an object; ties have no `uid`. */
  add(type: ObjectType, name: ObjectName, fields: JsonObject, uid?: string): void;
  /** Puts off a request of its own until all listings are there. */
  detail(read: () => Promise<void>): void;
  /** Makes the requests that were put off. */
  readDetails(): Promise<void>;
}

export function openReading(admin: Admin, realm: string, wanted: Wanted): Reading {
  const objects = new Map<string, ObservedObject>();
  const details: (() => Promise<void>)[] = [];
  return {
    admin,
    base: pathOf(realm),
    wanted,
    objects,
    wants: (type) => wanted.type(type),
    add(type, name, fields, uid) {
      const builtIn = isBuiltIn({ type, name }, realm);
      objects.set(keyOf({ type, name }), { type, name, fields, builtIn, ...(uid === undefined ? {} : { uid }) });
    },
    detail: (read) => void details.push(read),
    readDetails: () => inParallel(details),
  };
}

export async function inParallel(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const queue = tasks.values();
  const worker = async () => {
    for (const task of queue) await task();
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, tasks.length) }, worker));
}
