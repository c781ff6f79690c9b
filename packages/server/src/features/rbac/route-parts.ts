import type { RbacChange } from '@keyturn/policy/rbac';
import { ok, type Result, refuse } from '@keyturn/protocol';
import { z } from 'zod';
import type { Answer, Passage } from '../../http/frame.ts';
import type { Done } from '../../http/pass.ts';
import type { Problem } from '../../http/problem.ts';
import type { Action } from '../../http/rooms.ts';
import { requirePermission } from '../../http/role-policy.ts';
import { commitChanges } from './commit-changes.ts';
import { changedBy } from '../../http/audit-actor.ts';
import type { RbacParts } from './parts.ts';
import { explainRule, type RbacRuleRefusal } from './refusals.ts';
import { userKey } from './person.ts';
import type { RbacState } from './state.ts';

/** Below it is everything that this feature answers to administrators. */
export const rbacPath = '/api/v1/rbac';

/** The name of a role or of a set. */
export const nameSchema = z.string().min(1).max(128);

/** A body that names a role and nothing else. */
export const namedRole = z.strictObject({ role: nameSchema });

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

/** Commits, and answers with what is there now, or with 204 where nothing is to be shown. */
export async function change(
  parts: RbacParts,
  passage: Pick<Passage<unknown>, 'approved' | 'requestId'>,
  changes: (state: RbacState) => readonly RbacChange[],
  show?: () => unknown,
  status = 200,
): Promise<Result<Done<Answer>, Problem>> {
  const by = changedBy(passage.approved.caller, passage.requestId);
  const kept = await commitChanges(parts, by, (state) => ok(changes(state)));
  if (!kept.ok) return turnedDown(kept.refusal);
  return show === undefined ? done(undefined, 204) : done(show(), status);
}
