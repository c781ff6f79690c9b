import type { Principal } from '@keyturn/protocol';
import { isSwappedAlone, type PatLimits, type PatOfCaller } from './caller.ts';
import type { Action, RoomParts } from './rooms.ts';

/** What the token says, cut to its scopes and to the realm roles that its owner has now. */
export function cutPrincipal(principal: Principal, { limits, realmRolesNow }: PatOfCaller): Principal {
  const { scopes } = limits;
  const { roles, claims } = principal;
  const hasLost = realmRolesNow !== undefined && !roles.realm.every((role) => realmRolesNow.includes(role));
  if (scopes === undefined && !hasLost) return principal;
  return Object.freeze({
    ...principal,
    claims,
    scopes: scopes === undefined ? principal.scopes : principal.scopes.filter((scope) => scopes.includes(scope)),
    roles: hasLost
      ? Object.freeze({ ...roles, realm: roles.realm.filter((role) => realmRolesNow.includes(role)) })
      : roles,
  });
}

/** Whether a list of names, of which one may end in `*`, has this one. */
export function matchesName(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name));
}

/**
 * The room "may they" for callers with a personal access token: what narrows the token is judged first, then what the
 * owner may do. `isReadOnly` says of a tool whether calling it changes nothing.
 */
export function cutByPat(
  decide: RoomParts<never, never>['decide'],
  isReadOnly: (tool: string) => boolean,
): RoomParts<never, never>['decide'] {
  return (caller, action) => {
    const { pat } = caller;
    const reason =
      pat !== undefined
        ? whatForbids(pat.limits, action, isReadOnly)
        : isSwappedAlone(caller) && turnsKey.test(action.kind)
          ? 'What a personal access token was swapped for may not turn the second key: log in to do it yourself.'
          : undefined;
    return reason === undefined ? decide(caller, action) : { effect: 'deny', reason };
  };
}

const turnsKey = /\.(approve|deny)$/;

function whatForbids(limits: PatLimits, action: Action, isReadOnly: (tool: string) => boolean): string | undefined {
  const { kind, target = '' } = action;
  const isCall = kind === 'tool.call';
  if (limits.readOnly && !(isCall ? isReadOnly(target) : /\.(list|read)$/.test(kind))) {
    return `${kind} changes something, and this personal access token is read-only.`;
  }
  if (!limits.mayApprove && turnsKey.test(kind)) {
    return 'This personal access token may not turn the second key: log in to do it yourself.';
  }
  if (limits.tools === undefined || kind === 'tool.list') return undefined;
  if (isCall && matchesName(limits.tools, target)) return undefined;
  return `This personal access token is for certain tools only, and ${isCall ? target : kind} is none of them.`;
}
