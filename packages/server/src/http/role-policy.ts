import { parsePermission } from '@keyturn/policy/rbac';
import type { Caller } from './caller.ts';
import type { Action, RoomParts } from './rooms.ts';

/**
 * The room "may they" as far as roles and permissions go: an action that names a role wants that role, one that names a
 * permission wants that permission, one that names both wants either; every other action is open to whoever has a valid
 * token.
 */
export const decideByRole: RoomParts<never, never>['decide'] = (caller, action) => {
  const { needsRole, needsPermission } = action;
  if (needsRole === undefined && needsPermission === undefined) return { effect: 'allow' };
  if (needsRole !== undefined && caller.roles.includes(needsRole)) return { effect: 'allow' };
  if (needsPermission !== undefined && isPermitted(caller, needsPermission)) return { effect: 'allow' };
  const needs = [
    ...(needsRole === undefined ? [] : [`the role ${needsRole}`]),
    ...(needsPermission === undefined ? [] : [`the permission ${needsPermission}`]),
  ].join(' or ');
  return { effect: 'deny', reason: `${action.kind} needs ${needs}, which this caller does not have.` };
};

/** Of an action: nobody may do it without this permission, `content.publish`, on this object if one is named. */
export function requirePermission(operation: string, object?: string): Required<Pick<Action, 'needsPermission'>> {
  return { needsPermission: object === undefined ? operation : `${operation}@${object}` };
}

/** Whether the caller may do what is named as in `content.publish@page:7`. What is no permission nobody has. */
export function isPermitted(caller: Pick<Caller, 'permissions'>, permission: string): boolean {
  const parsed = parsePermission(permission);
  return parsed.ok && caller.permissions.allows(parsed.value.operation, parsed.value.object);
}
