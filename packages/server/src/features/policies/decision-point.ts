import type { CountReading, SafetyDecision, SafetyEngine, SafetyInput } from '@keyturn/policy';
import type { Clock } from '@keyturn/protocol';
import type { Caller } from '../../http/caller.ts';
import type { Action, Decision, RoomParts } from '../../http/rooms.ts';
import { goOn, type Soon } from '../../http/soon.ts';
import { buildInput, isGoverned } from './input.ts';
import type { PolicyKeeper, PolicySet } from './keeper.ts';
import { type KilledAgent, namesToStop } from './killed.ts';
import type { Takes } from './takes.ts';

/** What holds where no rule matches: of tools, and of what agents ask leave for. */
export interface Defaults {
  readonly tools: 'allow' | 'deny';
  readonly requests: 'allow' | 'deny';
}

type Counting = 'take' | 'peek' | 'none';

export interface DecisionPoint {
  /** The room "may they" as far as safety policies go. Allows what they do not govern. */
  readonly decide: RoomParts<never, never>['decide'];
  /** The same without counting it in any limit: for those who only ask. */
  readonly look: RoomParts<never, never>['decide'];
  /**
   * What was decided and counted before, judged again. A limit that it has passed is not asked again, since it would find
   * this very request; `policyVersion` is of then.
   */
  readonly again: (caller: Caller, action: Action, policyVersion: string) => Promise<Decision>;
  /**
   * The whole decision, with every rule that said something. `count`: whether a limit counts this call (`take`, where it
   * goes on), is only read (`peek`: simulation), or not asked (`none`).
   */
  readonly judge: (caller: Caller, action: Action, count: Counting) => Soon<SafetyDecision>;
  /** Why this caller may do nothing at all; undefined where they are alive. */
  readonly killed: (caller: Caller) => Promise<KilledAgent | undefined>;
}

export interface DecisionParts {
  readonly engine: SafetyEngine;
  readonly keeper: PolicyKeeper;
  readonly takes: Takes;
  readonly clock: Clock;
  readonly defaults: Defaults;
}

export function createDecisionPoint({ engine, keeper, takes, clock, defaults }: DecisionParts): DecisionPoint {
  const judgeBy = ({ policies }: PolicySet, caller: Caller, action: Action, count: Counting) => {
    const byDefault = action.kind === 'tool.call' ? defaults.tools : defaults.requests;
    return judgeInput({ engine, takes }, policies, buildInput(caller, action, clock()), { byDefault, count });
  };
  return {
    judge: (caller, action, count) => goOn(keeper.current(), (set) => judgeBy(set, caller, action, count)),
    async killed(caller) {
      return findKilled(await keeper.current(), caller);
    },
    decide: (caller, action) => decideFor(caller, action, 'take'),
    look: (caller, action) => decideFor(caller, action, 'peek'),
    async again(caller, action, policyVersion) {
      const unlimited = await decideFor(caller, action, 'none');
      // Where a limit is what asked for approval, it is asked whether it still does.
      return unlimited.policyVersion === policyVersion ? unlimited : decideFor(caller, action, 'peek');
    },
  };

  function decideFor(caller: Caller, action: Action, count: Counting): Soon<Decision> {
    return goOn(keeper.current(), (set): Soon<Decision> => {
      const dead = findKilled(set, caller);
      if (dead !== undefined) {
        return {
          effect: 'deny',
          reason: `The agent ${dead.agent} has been stopped: ${dead.reason}`,
          policyVersion: 'killed',
        };
      }
      if (!isGoverned(action)) return { effect: 'allow' };
      return goOn(judgeBy(set, caller, action, count), roomDecision);
    });
  }
}

/** Whichever of its names was stopped, it is dead. */
function findKilled({ killed }: PolicySet, { principal }: Caller): KilledAgent | undefined {
  if (killed.size === 0) return undefined;
  for (const name of namesToStop(principal)) {
    const dead = killed.get(name);
    if (dead !== undefined) return dead;
  }
  return undefined;
}

export interface JudgeInputOptions {
  readonly byDefault: 'allow' | 'deny';
  readonly count: Counting;
  readonly explain?: boolean;
}

const none: ReadonlyMap<string, CountReading> = new Map();

/**
 * Judges an input and asks the limits. What an agent asks leave for is counted when it asks, whether people have to
 * approve it or not. A call of a tool that waits for people is not: they are the limit then, and it comes back.
 */
export function judgeInput(
  { engine, takes }: Pick<DecisionParts, 'engine' | 'takes'>,
  policies: PolicySet['policies'],
  input: SafetyInput,
  { byDefault, count, explain = false }: JudgeInputOptions,
): Soon<SafetyDecision> {
  const judgement = engine.judge(policies, input, { explain });
  if (judgement.wanted.length === 0 || count === 'none') return judgement.conclude(none, byDefault);
  const readings =
    count === 'peek'
      ? takes.peek(judgement.wanted, input.now)
      : takes.take(judgement.wanted, input.now, (found) => goesOn(judgement.conclude(found, byDefault).effect, input));
  return readings.then((found) => judgement.conclude(found, byDefault));
}

function goesOn(effect: SafetyDecision['effect'], { tool }: SafetyInput): boolean {
  return effect === 'allow' || (effect === 'needs-second-key' && tool === undefined);
}

/** What the rooms need of a decision. */
function roomDecision(decision: SafetyDecision): Decision {
  const { effect, reason, policyVersion } = decision;
  const watched = decision.matched.filter(
    ({ observed, outcome }) => observed && (outcome === 'matched' || outcome === 'failed'),
  );
  const would = watched.map(
    ({ policy, version, rule, action, outcome }) =>
      `${policy}@${version}/${rule}: ${outcome === 'failed' ? 'could not be evaluated' : action}`,
  );
  const seen = { policyVersion, ...(would.length === 0 ? {} : { observed: would }) };
  if (effect === 'allow') return { effect, ...seen };
  if (effect === 'deny') return { effect, reason, ...seen };
  return { effect, reason, rule: decision.rule, approvals: decision.approvals, ...seen };
}
