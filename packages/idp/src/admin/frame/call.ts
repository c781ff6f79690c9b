import type { FastifyRequest } from 'fastify';
import type { Mailer } from '../../browser/mail/mailer.ts';
import type { IdpContext } from '../../context.ts';
import type { Realm } from '../../model/index.ts';
import type { Admin } from './permissions.ts';

/** One request of an authenticated administrator. */
export interface AdminCall {
  readonly context: IdpContext;
  readonly mailer: Mailer;
  readonly request: FastifyRequest;
  readonly query: URLSearchParams;
  readonly admin: Admin;
  /** A part of the path by its name, decoded. */
  param(name: string): string;
}

/** A request below `/admin/realms/:realm`, whose realm exists and may be seen. */
export interface RealmCall extends AdminCall {
  readonly realm: Realm;
}

/** Whether a query parameter says true; `otherwise` when it is absent. */
export function flagOf(call: AdminCall, name: string, otherwise: boolean): boolean {
  const value = call.query.get(name);
  return value === null ? otherwise : value.toLowerCase() === 'true';
}

/** A query parameter that is there and not empty. */
export function textOf(call: AdminCall, name: string): string | undefined {
  const value = call.query.get(name);
  return value === null || value === '' ? undefined : value;
}

/** Numbers that may stand in a query; any other text makes the path unknown (404), as in Keycloak. */
export const numericParameters: readonly string[] = ['first', 'max', 'lifespan'];

/** The part of a list that `first` and `max` ask for: -1 or absent means all, and `otherwise` caps what gives no `max`. */
export function pageOf<T>(call: AdminCall, items: readonly T[], otherwise = Number.POSITIVE_INFINITY): readonly T[] {
  const number = (name: string): number | undefined => {
    const value = call.query.get(name);
    return value === null || value === '' ? undefined : Number(value);
  };
  const first = Math.max(0, number('first') ?? 0);
  const max = number('max') ?? otherwise;
  return items.slice(first, max < 0 ? undefined : first + max);
}
