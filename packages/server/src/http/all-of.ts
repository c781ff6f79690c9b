import type { Decision, RoomParts } from './rooms.ts';

type Decide = RoomParts<never, never>['decide'];

/**
 * Several judges as one: the first denial holds, then the first that asks for a second key, else it is allowed. Who comes
 * later is not asked once somebody has denied.
 */
export function allOf(...judges: readonly Decide[]): Decide {
  return async (caller, action) => {
    let decision: Decision = { effect: 'allow' };
    for (const judge of judges) {
      const found = await judge(caller, action);
      if (found.effect === 'deny') return found;
      if (decision.effect === 'allow') decision = { ...decision, ...found };
    }
    return decision;
  };
}
