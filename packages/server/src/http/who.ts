import { ok, refuse } from '@keyturn/protocol';
import type { Verifier } from '@keyturn/verify';
import type { RolesOf } from './caller.ts';
import type { WhoRefusal } from './refusals.ts';
import type { Resource, RoomParts } from './rooms.ts';

/** The room "who": each door has a verifier of its own; without waiting where the key is at hand. */
export function identifyBy(
  verifiers: Readonly<Record<Resource, Verifier>>,
  rolesOf: RolesOf,
): RoomParts<WhoRefusal, never>['identify'] {
  return async (bearer, resource) => {
    const verifier = verifiers[resource];
    const token = bearer.reveal();
    const checked = verifier.verifySync(token) ?? (await verifier.verify(token));
    if (!checked.ok) return refuse({ why: 'token', refusal: checked.refusal });
    return ok({ principal: checked.value, roles: await rolesOf(checked.value), bearer });
  };
}
