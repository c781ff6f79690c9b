import { ok, type Result, refuse } from '@keyturn/protocol';
import type { IdpState } from '../model/index.ts';

/** Takes the good outcome out of a result, or ends the whole change with its refusal. */
export type Must<Refusal> = <T>(result: Result<T, Refusal>) => T;

class Refused<R> extends Error {
  readonly refusal: R;
  constructor(refusal: R) {
    super('a part of the change was refused');
    this.refusal = refusal;
  }
}

/**
 * Makes many changes of which all happen or none: the first refused part takes the others back. The throw that the
 * transaction needs for that ends here.
 */
export function allOrNothing<T, R>(state: IdpState, work: (must: Must<R>) => T): Result<T, R> {
  const must: Must<R> = (result) => {
    if (!result.ok) throw new Refused(result.refusal);
    return result.value;
  };
  try {
    return ok(state.transaction(() => work(must)));
  } catch (fault) {
    // Only `must` above throws this class, with this refusal's type.
    if (fault instanceof Refused) return refuse(fault.refusal as R);
    throw fault;
  }
}
