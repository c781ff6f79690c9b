import { seconds } from '@keyturn/protocol';
import type { Approvals } from './compile.ts';
import type { JudgedRule, RuleReport, WantedCount } from './judge.ts';

/** What a limit said: whether this one still fits, and how many there were in the window without it. */
export interface CountReading {
  readonly fits: boolean;
  readonly count: number;
}

/** The answer of all policies together. `matched` are the rules that said something, those that only watch too. */
export type SafetyDecision = {
  /** The policies that decided, as `name@version`, in order of their names; `default:allow` where no rule matched. */
  readonly policyVersion: string;
  readonly matched: readonly RuleReport[];
} & (
  | { readonly effect: 'allow'; readonly reason: string }
  | { readonly effect: 'deny'; readonly reason: string }
  | {
      readonly effect: 'needs-second-key';
      readonly reason: string;
      /** `policy/rule` of the first that asks. */
      readonly rule: string;
      readonly approvals: Approvals;
    }
);

/** Whether any rule that counts would already be refused, so that limits need not be asked. Deny comes before all. */
export function isDenied(judged: readonly JudgedRule[]): boolean {
  return judged.some(
    ({ report, failClosed }) =>
      !report.observed &&
      ((report.outcome === 'matched' && report.action === 'Deny') || (report.outcome === 'failed' && failClosed)),
  );
}

export function wantedCounts(judged: readonly JudgedRule[]): readonly WantedCount[] {
  return judged.flatMap(({ wanted }) => wanted ?? []);
}

/**
 * Deny before RequireApproval before Log before Allow; `byDefault` where no rule matched. `readings` answers the limits
 * that were asked, by key; one that was not asked says nothing.
 */
export function conclude(
  judged: readonly JudgedRule[],
  readings: ReadonlyMap<string, CountReading>,
  byDefault: 'allow' | 'deny',
): SafetyDecision {
  const settled = judged.map((one) => settle(one, readings));
  const matched = settled.map(({ report }) => report);
  const counting = settled.filter(({ report }) => !report.observed);
  const acting = counting.filter(({ report }) => report.outcome === 'matched');

  const denials = counting.filter(
    ({ report, failClosed }) =>
      (report.outcome === 'failed' && failClosed) || (report.outcome === 'matched' && report.action === 'Deny'),
  );
  const [denial] = denials;
  if (denial !== undefined) {
    return { effect: 'deny', reason: reasonOf(denial.report), policyVersion: versionOf(denials), matched };
  }

  const asking = acting.filter(({ report }) => report.action === 'RequireApproval');
  const [first] = asking;
  if (first !== undefined) {
    const policyVersion = versionOf(asking);
    const approvals = joinApprovals(asking.flatMap(({ rule }) => rule.approvals ?? []));
    if (approvals === undefined) {
      const names = asking.map(({ report }) => `${report.policy}/${report.rule}`).join(' and ');
      const reason = `${names} ask for approvers that nobody can be at once.`;
      return { effect: 'deny', reason, policyVersion, matched };
    }
    const rule = `${first.report.policy}/${first.report.rule}`;
    return { effect: 'needs-second-key', reason: reasonOf(first.report), rule, approvals, policyVersion, matched };
  }

  const allowing = acting.filter(({ report }) => report.action === 'Log' || report.action === 'Allow');
  const [allowed] = allowing;
  if (allowed !== undefined) {
    return { effect: 'allow', reason: reasonOf(allowed.report), policyVersion: versionOf(allowing), matched };
  }
  const policyVersion = `default:${byDefault}`;
  return byDefault === 'allow'
    ? { effect: 'allow', reason: 'No policy says otherwise.', policyVersion, matched }
    : { effect: 'deny', reason: 'No policy allows this, and what no policy allows is denied.', policyVersion, matched };
}

/** Puts what a limit said into the report of its rule. */
function settle(one: JudgedRule, readings: ReadonlyMap<string, CountReading>): JudgedRule {
  const { wanted, report } = one;
  if (wanted === undefined) return one;
  const reading = readings.get(wanted.key);
  if (reading === undefined) return one;
  const why = `${reading.count} of ${wanted.limit} in the last ${wanted.windowMs / 1000} s`;
  return { ...one, report: { ...report, outcome: reading.fits ? 'not-matched' : 'matched', why } };
}

function reasonOf({ policy, rule, message, outcome, why }: RuleReport): string {
  if (outcome === 'failed') return `The rule ${rule} of the policy ${policy} ${why}.`;
  return message ?? `The rule ${rule} of the policy ${policy} says so: ${why}.`;
}

function versionOf(rules: readonly JudgedRule[]): string {
  return [...new Set(rules.map(({ report }) => `${report.policy}@${report.version}`))].sort().join(',');
}

/**
 * One set of approvers that satisfies every rule: who has a role of each, as many as the most demanding asks, in the
 * shortest time. Undefined where there can be none.
 */
function joinApprovals(all: readonly Approvals[]): Approvals | undefined {
  const lists = all.map(({ from }) => from).filter((from) => from.length > 0);
  const from = lists.reduce<readonly string[]>(
    (common, list, index) => (index === 0 ? list : common.filter((role) => list.includes(role))),
    [],
  );
  const levels = new Set(all.flatMap(({ acr }) => acr ?? []));
  const [acr] = levels;
  const ages = all.flatMap(({ maxAge }) => maxAge ?? []);
  if ((lists.length > 0 && from.length === 0) || levels.size > 1) return undefined;
  return {
    from,
    count: Math.max(...all.map(({ count }) => count)),
    within: seconds(Math.min(...all.map(({ within }) => within))),
    ...(acr === undefined ? {} : { acr }),
    ...(ages.length === 0 ? {} : { maxAge: seconds(Math.min(...ages)) }),
  };
}
