import type { Decision, RoomParts } from './rooms.ts';
import { goOn, type Soon } from './soon.ts';

type Decide = RoomParts<never, never>['decide'];

/**
 * Several judges as one: the first denial holds, then the first that asks for a second key, else it is allowed. Who comes
 * later is not asked once somebody has denied.
 */
export function allOf(...judges: readonly Decide[]): Decide {
  const ask = (from: number, before: Decision, ...call: Parameters<Decide>): Soon<Decision> => {
    const judge = judges[from];
    if (judge === undefined) return before;
    return goOn(judge(...call), (found) => {
      if (found.effect === 'deny') return found;
      return ask(from + 1, before.effect === 'allow' ? { ...before, ...found } : before, ...call);
    });
  };
  return (caller, action) => ask(0, { effect: 'allow' }, caller, action);
}
