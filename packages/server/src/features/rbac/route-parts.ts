import { ok, type Result, refuse } from '@keyturn/protocol';
import type { Answer } from '../../http/frame.ts';
import type { Done } from '../../http/pass.ts';
import type { Problem } from '../../http/problem.ts';
import type { Action } from '../../http/rooms.ts';
import { requirePermission } from '../../http/role-policy.ts';
import type { RbacParts } from './parts.ts';
import { explainRule, type RbacRuleRefusal } from './refusals.ts';
import { userKey } from './person.ts';

/** An action that only those who manage roles may do. */
export function managing({ adminRole }: RbacParts, kind: string, target?: string): Action {
  return {
    kind,
    ...(target === undefined ? {} : { target }),
    needsRole: adminRole,
    ...requirePermission('rbac.manage'),
  };
}

/** An action that looks, and changes nothing. */
export function viewing({ adminRole }: RbacParts, kind: string, target?: string): Action {
  return { kind, ...(target === undefined ? {} : { target }), needsRole: adminRole, ...requirePermission('rbac.view') };
}

export function done(body: unknown, status = 200): Result<Done<Answer>, Problem> {
  return ok({ answer: { status, body }, outcome: 'allowed' });
}

export function turnedDown(refusal: RbacRuleRefusal): Result<never, Problem> {
  return refuse(explainRule(refusal));
}

/** The user of a body: by `sub`, of the configured issuer unless another is named. */
export function keyFrom(
  parts: RbacParts,
  named: { readonly user: string; readonly issuer?: string | undefined },
): string {
  return userKey({ issuer: named.issuer ?? parts.issuer, subject: named.user });
}

/** A member of the query that came once; undefined if it did not come. */
export function single(
  query: Readonly<Record<string, unknown>>,
  name: string,
): Result<string | undefined, RbacRuleRefusal> {
  const value = query[name];
  if (value === undefined || value === '') return ok(undefined);
  if (typeof value === 'string') return ok(value);
  return refuse({ why: 'bad-query', field: `query.${name}`, message: 'came more than once' });
}
