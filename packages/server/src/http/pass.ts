import { type Result, refuse } from '@keyturn/protocol';
import type { Caller } from './caller.ts';
import type { Problem } from './problem.ts';
import { explainRefusal } from './refusals.ts';
import type { Action, Approved, Outcome, Remembered, Rooms } from './rooms.ts';
import type { HopRefusal, WhoRefusal } from './refusals.ts';

export type House = Rooms<WhoRefusal, HopRefusal>;

/** One call: who makes it, what it is, and the id under which log and audit know it. */
export interface Call {
  readonly caller: Caller;
  readonly action: Action;
  readonly requestId: string;
  /** What is wrong with the call itself, asked before anybody has to approve it. */
  readonly check?: (() => Problem | undefined) | undefined;
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
  let known: Pick<Remembered, 'policyVersion' | 'observed' | 'request'> = {};
  const refused = async (problem: Problem): Promise<Result<never, Problem>> => {
    await house.remember({ caller, action, requestId, outcome: 'refused', reason: problem.code, ...known });
    return refuse(problem);
  };

  const judged = house.mayThey(caller, action);
  const permitted = judged instanceof Promise ? await judged : judged;
  if (!permitted.ok) {
    const { refusal } = permitted;
    if ('policyVersion' in refusal && refusal.policyVersion !== undefined)
      known = { policyVersion: refusal.policyVersion };
    return refused(explainRefusal(refusal));
  }
  const { policyVersion, observed } = permitted.value.decision;
  if (policyVersion !== undefined) known = { policyVersion };
  if (observed !== undefined) known = { ...known, observed };
  const fault = call.check?.();
  if (fault !== undefined) return refused(fault);
  const turning = house.twoKeys(permitted.value);
  const approved = turning instanceof Promise ? await turning : turning;
  if (!approved.ok) {
    if (approved.refusal.room === 'two-keys' && 'request' in approved.refusal) {
      known = { ...known, request: approved.refusal.request.name };
    }
    return refused(explainRefusal(approved.refusal));
  }

  const { turned } = approved.value;
  if (turned === undefined) return remembered(await work(approved.value));
  known = { ...known, request: turned.request };
  let done: Awaited<ReturnType<typeof work>>;
  try {
    done = await work(approved.value);
  } catch (error) {
    // Where it broke nobody can tell, so nobody may try again as if nothing had happened.
    await house.settle(turned, 'unknown', 'the call broke off');
    throw error;
  }
  await house.settle(turned, ...outcomeOf(done));
  return remembered(done);

  async function remembered(result: Result<Done<Answer>, Problem>): Promise<Result<Done<Answer>, Problem>> {
    if (!result.ok) return refused(result.refusal);
    const { outcome, reason } = result.value;
    await house.remember({ caller, action, requestId, outcome, ...(reason === undefined ? {} : { reason }), ...known });
    return result;
  }
}

/** What a piece of work says of the approval that it was done with. */
function outcomeOf(done: Result<Done<unknown>, Problem>): [Outcome, string | undefined] {
  if (done.ok) return done.value.outcome === 'allowed' ? ['completed', undefined] : ['failed', done.value.reason];
  return [done.refusal.upstream === 'maybe-reached' ? 'unknown' : 'not-reached', done.refusal.code];
}
