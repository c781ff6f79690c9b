import type { RoomParts } from './rooms.ts';

/**
 * The room "may they" as far as the spine needs it: an action that names a role wants that role; every other action
 * is open to whoever has a valid token. SafetyPolicy and RBAC take this port over.
 */
export const decideByRole: RoomParts<never, never>['decide'] = (caller, action) => {
  const { needsRole } = action;
  if (needsRole === undefined || caller.roles.includes(needsRole)) return { effect: 'allow' };
  return { effect: 'deny', reason: `${action.kind} needs the role ${needsRole}, which this token does not carry.` };
};
