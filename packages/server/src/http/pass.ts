import { type Result, refuse } from '@keyturn/protocol';
import type { Caller } from './caller.ts';
import type { Problem } from './problem.ts';
import { type HouseRefusal, explainRefusal } from './refusals.ts';
import type { Action, Approved, Rooms } from './rooms.ts';
import type { HopRefusal, WhoRefusal } from './refusals.ts';

export type House = Rooms<WhoRefusal, HopRefusal>;

/** One call: who makes it, what it is, and the id under which log and audit know it. */
export interface Call {
  readonly caller: Caller;
  readonly action: Action;
  readonly requestId: string;
}

/** What a piece of work came to. `failed` is an upstream's own refusal: Keyturn did its part, the call did not succeed. */
export interface Done<Answer> {
  readonly answer: Answer;
  readonly outcome: 'allowed' | 'failed';
  readonly reason?: string;
}

/**
 * Takes one call through may they → two keys → (next hop and do it, inside `work`) → remember. The audit row is
 * durable before this returns, so no answer leaves without it. REST routes and MCP calls both come through here.
 */
export async function pass<Answer>(
  house: House,
  call: Call,
  work: (approved: Approved) => Promise<Result<Done<Answer>, Problem>>,
): Promise<Result<Done<Answer>, Problem>> {
  const { caller, action, requestId } = call;
  const refused = async (problem: Problem): Promise<Result<never, Problem>> => {
    await house.remember({ caller, action, requestId, outcome: 'refused', reason: problem.code });
    return refuse(problem);
  };
  const problemOf = (refusal: HouseRefusal): Problem => explainRefusal(refusal);

  const permitted = await house.mayThey(caller, action);
  if (!permitted.ok) return refused(problemOf(permitted.refusal));
  const approved = await house.twoKeys(permitted.value);
  if (!approved.ok) return refused(problemOf(approved.refusal));

  const done = await work(approved.value);
  if (!done.ok) return refused(done.refusal);
  const { outcome, reason } = done.value;
  await house.remember({ caller, action, requestId, outcome, ...(reason === undefined ? {} : { reason }) });
  return done;
}
