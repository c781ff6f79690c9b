import { textOf } from '../model/members.ts';
import type { Stored } from './fake-realm.ts';
import type { JsonObject } from '@keyturn/protocol';

// Bodies are those that Keyturn sends, so the fake takes them for what they are (`as`) instead of checking them.

/** What the fake answers to one request: a status, a body, the id of what was made. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly location?: string;
}

export interface Call {
  readonly method: string;
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export const notFound = (what: string): Answer => ({ status: 404, body: { error: `Could not find ${what}` } });

export const conflict = (message: string): Answer => ({ status: 409, body: { errorMessage: message } });

export const done: Answer = { status: 204 };

export function page<Item>(list: readonly Item[], query: URLSearchParams): readonly Item[] {
  const first = Number(query.get('first') ?? 0);
  const max = Number(query.get('max') ?? -1);
  return max < 0 ? list.slice(first) : list.slice(first, first + max);
}

export function setOf(map: Map<string, Set<string>>, key: string): Set<string> {
  const set = map.get(key) ?? new Set<string>();
  map.set(key, set);
  return set;
}

/** GET, POST, PUT and DELETE of a list of things with a unique member. */
export function ofCollection(
  call: Call,
  list: Stored[],
  [id]: readonly string[],
  newId: () => string,
  unique: string,
  noun: string,
): Answer {
  if (id === undefined && call.method === 'GET') return { status: 200, body: page(list, call.query) };
  if (call.method === 'POST') {
    const body = call.body as JsonObject;
    if (list.some((one) => one[unique] === body[unique]))
      return conflict(`${noun} ${textOf(body[unique])} already exists`);
    const made: Stored = { ...structuredClone(body), id: newId() };
    list.push(made);
    return { status: 201, location: made.id };
  }
  const found = list.find((one) => one.id === id || (unique === 'alias' && one['alias'] === id));
  if (found === undefined) return notFound(noun.toLowerCase());
  if (call.method === 'GET') return { status: 200, body: found };
  if (call.method === 'DELETE') list.splice(list.indexOf(found), 1);
  else Object.assign(found, call.body, { id: found.id });
  return done;
}
