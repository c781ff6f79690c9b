import type { JsonObject } from '@keyturn/protocol';
import type { Cel, CelOutcome } from './cel.ts';
import type { CompiledPolicy, CompiledRule } from './compile.ts';
import { buildFacts, type Facts, type SafetyInput, valuesOf } from './facts.ts';
import { keepZoneClocks, type ZonedTime } from './zoned-time.ts';

/** What one rule said. */
export interface RuleReport {
  readonly policy: string;
  readonly version: number;
  readonly rule: string;
  readonly type: CompiledRule['type'];
  readonly action: CompiledRule['action'];
  /** The policy only watches: this changes nothing. */
  readonly observed: boolean;
  /** `failed`: it could not be evaluated, and counts as a denial if the policy fails closed. `counting`: the limit will say. */
  readonly outcome: 'matched' | 'not-matched' | 'failed' | 'counting';
  /** In words, with the numbers. */
  readonly why: string;
  readonly message?: string;
  /** What its expression read; only where an explanation was asked for. */
  readonly values?: JsonObject;
}

/** A limit that has to be asked before a decision stands. */
export interface WantedCount {
  /** Of everything that is counted together. */
  readonly key: string;
  readonly limit: number;
  readonly windowMs: number;
}

export interface JudgedRule {
  readonly report: RuleReport;
  readonly rule: CompiledRule;
  readonly failClosed: boolean;
  readonly wanted: WantedCount | undefined;
}

export interface JudgeOptions {
  readonly cel: Cel;
  readonly policies: readonly CompiledPolicy[];
  readonly input: SafetyInput;
  /** Reports rules that did not match too, and the values. */
  readonly explain?: boolean;
}

/** Makes the function that lets each rule say what it says of an input. It keeps clocks of time zones, and nothing else. */
export function createJudge(): (options: JudgeOptions) => readonly JudgedRule[] {
  const clockOf = keepZoneClocks();
  return ({ cel, policies, input, explain = false }) => {
    // Where no policy has an expression there is nothing to build them for.
    let built: Facts | undefined;
    const factsOf = (): Facts => (built ??= buildFacts(input));
    const times = new Map<string, ZonedTime | undefined>();
    const timeIn = (zone: string): ZonedTime | undefined => {
      if (!times.has(zone)) times.set(zone, clockOf(zone)?.(new Date(input.now)));
      return times.get(zone);
    };
    cel.begin();
    const judged: JudgedRule[] = [];
    for (const policy of policies) {
      if (policy.mode === 'Disabled') continue;
      for (const rule of policy.rules) {
        const one = judgeRule(policy, rule, input, factsOf, timeIn, explain);
        if (one !== undefined) judged.push(one);
      }
    }
    return judged;
  };
}

function judgeRule(
  policy: CompiledPolicy,
  rule: CompiledRule,
  input: SafetyInput,
  factsOf: () => Facts,
  timeIn: (zone: string) => ZonedTime | undefined,
  explain: boolean,
): JudgedRule | undefined {
  const found = rule.expression?.evaluate(factsOf());
  const { outcome, why } = wordsOf(rule, found, timeIn);
  if (outcome === 'not-matched' && !explain) return undefined;
  const values = explain && rule.expression !== undefined ? { values: valuesOf(rule.expression.reads, factsOf()) } : {};
  return {
    rule,
    failClosed: policy.failClosed,
    wanted: outcome === 'counting' ? wantedOf(policy, rule, input) : undefined,
    report: {
      policy: policy.name,
      version: policy.version,
      rule: rule.name,
      type: rule.type,
      action: rule.action,
      observed: policy.mode === 'Observe',
      outcome,
      why,
      ...(rule.message === undefined ? {} : { message: rule.message }),
      ...values,
    },
  };
}

function wordsOf(
  rule: CompiledRule,
  found: CelOutcome | undefined,
  timeIn: (zone: string) => ZonedTime | undefined,
): Pick<RuleReport, 'outcome' | 'why'> {
  if (found?.outcome === 'failed') return { outcome: 'failed', why: `could not be evaluated: ${found.message}` };
  if (found?.outcome === 'false') return { outcome: 'not-matched', why: 'the expression is false' };
  if (rule.window !== undefined) {
    const { timeZone, test } = rule.window;
    const time = timeIn(timeZone);
    if (time === undefined) return { outcome: 'failed', why: `there is no time zone ${timeZone}` };
    const clock = `it is ${wallClock(time)} in ${timeZone}`;
    return test(time)
      ? { outcome: 'matched', why: `${clock}, which the rule is for` }
      : { outcome: 'not-matched', why: `${clock}, which the rule is not for` };
  }
  if (rule.rate !== undefined) return { outcome: 'counting', why: 'the limit has not been asked' };
  return { outcome: 'matched', why: 'the expression is true' };
}

/** Members in a fixed order, joined so that no value can pass for two. */
function wantedOf(policy: CompiledPolicy, rule: CompiledRule, input: SafetyInput): WantedCount | undefined {
  const { rate } = rule;
  if (rate === undefined) return undefined;
  const { principal, spec, target, tool } = input;
  const parts: Record<(typeof rate.per)[number], unknown> = {
    agent: [principal.issuer, principal.identity],
    action: spec['action'] ?? '',
    target: tool?.id ?? target?.['uri'] ?? '',
  };
  // Not the version: whoever edits a message does not give everybody a new hour.
  const key = JSON.stringify([
    policy.name,
    rule.name,
    ...(['agent', 'action', 'target'] as const).map((part) => (rate.per.includes(part) ? parts[part] : null)),
  ]);
  return { key, limit: rate.limit, windowMs: rate.windowMs };
}

function wallClock({ year, month, day, hour, minute }: ZonedTime): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}`;
}
