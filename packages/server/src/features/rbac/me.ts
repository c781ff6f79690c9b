import { type RbacChange } from '@keyturn/policy/rbac';
import { ok, type Result, refuse } from '@keyturn/protocol';
import { z } from 'zod';
import type { Answer, Frame } from '../../http/frame.ts';
import type { Caller } from '../../http/caller.ts';
import type { Done } from '../../http/pass.ts';
import type { Problem } from '../../http/problem.ts';
import { commitChanges } from './commit-changes.ts';
import { activationOf, keyOf, sessionKey, sessionOf } from './context.ts';
import { originsOf } from './describe.ts';
import { changedBy } from '../../http/audit-actor.ts';
import type { RbacParts } from './parts.ts';
import type { RbacRuleRefusal } from './refusals.ts';
import { done, turnedDown } from './route-parts.ts';
import { makeRoom } from './sessions.ts';
import type { RbacState } from './state.ts';

const chosenRole = z.strictObject({ role: z.string().min(1).max(128) });

/** Who the caller is and what they may do, and which of their roles are active in this session (dynamic separation of duty). */
export function mountMe(
  frame: Frame,
  parts: RbacParts,
  contextOf: (caller: Caller) => Pick<Caller, 'roles' | 'permissions' | 'primaryRole'>,
): void {
  const show = (caller: Caller): Result<Done<Answer>, Problem> => {
    // What the caller has just chosen is not in the context that the request began with.
    const body = describeMe(parts, { ...caller, ...contextOf(caller) });
    return ok({ answer: { status: 200, headers: { 'cache-control': 'no-store' }, body }, outcome: 'allowed' });
  };
  frame.route({
    method: 'GET',
    path: '/api/v1/me',
    action: () => ({ kind: 'me.read' }),
    handle: async ({ approved }) => show(approved.caller),
  });
  const choose = async (
    caller: Caller,
    requestId: string,
    how: 'addActiveRole' | 'dropActiveRole',
    role: string,
  ): Promise<Result<Done<Answer>, Problem>> => {
    const own = ownSession(caller);
    if (!own.ok) return turnedDown(own.refusal);
    const { user } = own.value;
    const session = sessionKey(user, own.value.session);
    const kept = await commitChanges(parts, changedBy(caller, requestId), (state) => {
      const change: RbacChange = { do: how, user, session, role };
      if (state.rbac.users.has(user)) return ok([...begin(state, user, own.value.session), change]);
      // Who was never given a role has none to choose.
      const refusal =
        how === 'addActiveRole'
          ? { why: 'not-authorized' as const, user, role }
          : { why: 'not-active' as const, session, role };
      return refuse({ why: 'rbac', change, refusal });
    });
    return kept.ok ? show(caller) : turnedDown(kept.refusal);
  };
  frame.route({
    method: 'POST',
    path: '/api/v1/me/active-roles',
    body: chosenRole,
    action: ({ body }) => ({ kind: 'me.role.activate', target: body.role }),
    handle: ({ approved, body, requestId }) => choose(approved.caller, requestId, 'addActiveRole', body.role),
  });
  frame.route({
    method: 'DELETE',
    path: '/api/v1/me/active-roles/:role',
    action: ({ params }) => ({ kind: 'me.role.drop', target: params['role'] ?? '' }),
    handle: ({ approved, params, requestId }) =>
      choose(approved.caller, requestId, 'dropActiveRole', params['role'] ?? ''),
  });
  frame.route({
    method: 'DELETE',
    path: '/api/v1/me/active-roles',
    action: () => ({ kind: 'me.role.reset' }),
    handle: async ({ approved, requestId }) => {
      const own = ownSession(approved.caller);
      if (!own.ok) return turnedDown(own.refusal);
      const { user } = own.value;
      const session = sessionKey(user, own.value.session);
      const kept = await commitChanges(parts, changedBy(approved.caller, requestId), ({ rbac }) =>
        ok(rbac.sessions.has(session) ? [{ do: 'deleteSession', user, session }] : []),
      );
      return kept.ok ? done(undefined, 204) : turnedDown(kept.refusal);
    },
  });
}

/** The first choice in a session begins from what every session begins with. */
function begin(state: RbacState, user: string, session: string): readonly RbacChange[] {
  const { rbac } = state;
  const id = sessionKey(user, session);
  if (rbac.sessions.has(id) || !rbac.users.has(user)) return [];
  return [
    ...makeRoom(state, user),
    { do: 'createSession', user, session: id, roles: [...activationOf(rbac, user, undefined).active] },
  ];
}

function ownSession(caller: Caller): Result<{ readonly user: string; readonly session: string }, RbacRuleRefusal> {
  const user = keyOf(caller.principal);
  if (user === undefined) return refuse({ why: 'no-subject' });
  const session = sessionOf(caller.principal, caller.pat);
  return session === undefined ? refuse({ why: 'no-session' }) : ok({ user, session });
}

function describeMe(parts: RbacParts, caller: Caller): object {
  const { principal, pat } = caller;
  const { rbac } = parts.keeper.current();
  const user = keyOf(principal);
  const entry = user === undefined ? undefined : rbac.users.get(user);
  const session = sessionOf(principal, pat);
  const { active, held, chosen } =
    user === undefined ? { active: new Set<string>(), held: [], chosen: false } : activationOf(rbac, user, session);
  return {
    issuer: principal.issuer,
    subject: principal.subject ?? null,
    identity: principal.identity,
    client: principal.client ?? null,
    user_roles: caller.roles,
    user_permissions: caller.permissions.texts,
    primary_role: caller.primaryRole ?? null,
    assigned_roles: [...(entry?.assigned ?? [])]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([role, { manual, synced, via }]) => ({ role, origin: originsOf(manual, synced), via: [...via] })),
    session: {
      active_roles: [...active].toSorted(),
      // They would break a dynamic separation-of-duty set together: POST one of them to /api/v1/me/active-roles.
      waiting_roles: held,
      chosen,
      can_choose: session !== undefined && entry !== undefined,
    },
    ...(pat === undefined ? {} : { personal_access_token: pat.id }),
  };
}
