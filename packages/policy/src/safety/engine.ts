import type { Result } from '@keyturn/protocol';
import { type CompiledPolicy, compilePolicy, type PolicyFault } from './compile.ts';
import { type CountReading, conclude, isDenied, type SafetyDecision, wantedCounts } from './decide.ts';
import { createPolicyCel, type SafetyInput } from './facts.ts';
import { createJudge, type JudgedRule, type WantedCount } from './judge.ts';
import type { SafetyPolicy } from './policy.ts';

export interface SafetyEngine {
  /** Type-checks a policy and makes it ready. */
  readonly compile: (policy: SafetyPolicy, version: number) => Result<CompiledPolicy, readonly PolicyFault[]>;
  /**
   * What the rules say of an input. `wanted` are the limits to ask before `conclude`, none where the answer is no
   * already; readings are by their keys.
   */
  readonly judge: (
    policies: readonly CompiledPolicy[],
    input: SafetyInput,
    options?: { readonly explain?: boolean },
  ) => Judgement;
}

export interface Judgement {
  readonly wanted: readonly WantedCount[];
  readonly conclude: (readings: ReadonlyMap<string, CountReading>, byDefault: 'allow' | 'deny') => SafetyDecision;
}

/** Compiles and judges. Pure: it asks no clock, no store and no network. Make one and keep it: policies hold on to it. */
export function createSafetyEngine(): SafetyEngine {
  const cel = createPolicyCel();
  const judge = createJudge();
  return {
    compile: (policy, version) => compilePolicy(policy, version, cel),
    judge(policies, input, { explain = false } = {}) {
      const judged: readonly JudgedRule[] = judge({ cel, policies, input, explain });
      return {
        wanted: isDenied(judged) ? [] : wantedCounts(judged),
        conclude: (readings, byDefault) => conclude(judged, readings, byDefault),
      };
    },
  };
}

export interface DecideOptions {
  readonly engine: SafetyEngine;
  readonly policies: readonly CompiledPolicy[];
  readonly input: SafetyInput;
  /** What holds where no rule matched. */
  readonly byDefault: 'allow' | 'deny';
  /** Answers a limit. */
  readonly count: (wanted: WantedCount) => CountReading;
  readonly explain?: boolean;
}

/** The decision of all policies over one input, where limits can be answered at once. */
export function decideBySafety({
  engine,
  policies,
  input,
  byDefault,
  count,
  explain = false,
}: DecideOptions): SafetyDecision {
  const judgement = engine.judge(policies, input, { explain });
  return judgement.conclude(new Map(judgement.wanted.map((wanted) => [wanted.key, count(wanted)])), byDefault);
}
