import { ok, type Result, refuse, type Seconds, seconds } from '@keyturn/protocol';
import type { Cel, CelExpression, CelFault } from './cel.ts';
import { parseDuration } from './duration.ts';
import type { ApprovalsConfig, PolicyMode, RateLimitConfig, SafetyPolicy, SafetyRule } from './policy.ts';
import { buildWindowTest, type WindowTest } from './time-window.ts';

/** A policy made ready: everything that can be wrong with it has been found. */
export interface CompiledPolicy {
  readonly name: string;
  /** Counts up with each change and never comes back, even if the policy is deleted and made anew. */
  readonly version: number;
  readonly mode: PolicyMode;
  readonly failClosed: boolean;
  readonly rules: readonly CompiledRule[];
}

export interface CompiledRule {
  readonly name: string;
  readonly type: SafetyRule['type'];
  readonly action: SafetyRule['action'];
  readonly message: string | undefined;
  readonly expression: CelExpression | undefined;
  readonly window: { readonly timeZone: string; readonly test: WindowTest } | undefined;
  readonly rate: CompiledRate | undefined;
  /** Of `RequireApproval`. */
  readonly approvals: Approvals | undefined;
}

export interface CompiledRate {
  readonly limit: number;
  readonly windowMs: number;
  readonly per: RateLimitConfig['per'];
}

/** Whose keys a rule asks for. */
export interface Approvals {
  readonly from: readonly string[];
  readonly count: number;
  readonly acr?: string;
  readonly maxAge?: Seconds;
  readonly within: Seconds;
}

/** What is wrong with a policy. `at` is a JSON Pointer; `place` is there where an expression is at fault. */
export interface PolicyFault {
  readonly at: string;
  readonly message: string;
  readonly rule?: string;
  readonly place?: Pick<CelFault, 'line' | 'column' | 'frame'>;
}

export function compilePolicy(
  policy: SafetyPolicy,
  version: number,
  cel: Cel,
): Result<CompiledPolicy, readonly PolicyFault[]> {
  const { metadata, spec } = policy;
  const faults: PolicyFault[] = [];
  const rules = spec.rules.map((rule, index) => compileRule(rule, index, spec.calendars ?? {}, cel, faults));
  if (faults.length > 0) return refuse(faults);
  return ok({
    name: metadata.name,
    version,
    mode: spec.mode,
    failClosed: spec.failureMode === 'FailClosed',
    rules,
  });
}

function compileRule(
  rule: SafetyRule,
  index: number,
  calendars: Readonly<Record<string, readonly string[]>>,
  cel: Cel,
  faults: PolicyFault[],
): CompiledRule {
  const at = `/spec/rules/${index}`;
  const { name, type, action, message } = rule;
  const compiled = rule.expression === undefined ? undefined : cel.compile(rule.expression);
  if (compiled?.ok === false) {
    const { message: what, ...place } = compiled.refusal;
    faults.push({
      at: `${at}/expression`,
      rule: name,
      message: `CEL type-check failed: rule "${name}": ${what}`,
      place,
    });
  }
  if (rule.type === 'TimeWindow') {
    for (const calendar of rule.config.exceptCalendars) {
      if (Object.hasOwn(calendars, calendar)) continue;
      faults.push({ at: `${at}/config/exceptCalendars`, rule: name, message: `spec.calendars has no "${calendar}"` });
    }
  }
  const approvals = rule.config?.approvals;
  if (approvals !== undefined && action !== 'RequireApproval') {
    faults.push({ at: `${at}/config/approvals`, rule: name, message: `a rule with the action ${action} asks nobody` });
  }
  return {
    name,
    type,
    action,
    message,
    expression: compiled?.ok === true ? compiled.value : undefined,
    window:
      rule.type === 'TimeWindow'
        ? { timeZone: rule.config.timeZone, test: buildWindowTest(rule.config, calendars) }
        : undefined,
    rate:
      rule.type === 'RateLimit'
        ? { limit: rule.config.limit, windowMs: parseDuration(rule.config.window) ?? 0, per: rule.config.per }
        : undefined,
    approvals: action === 'RequireApproval' ? readApprovals(approvals) : undefined,
  };
}

function readApprovals(config: ApprovalsConfig | undefined): Approvals {
  const { from = [], count = 1, acr, maxAge, within = '1h' } = config ?? {};
  const age = maxAge === undefined ? undefined : parseDuration(maxAge);
  return {
    from,
    count,
    within: seconds((parseDuration(within) ?? 3_600_000) / 1000),
    ...(acr === undefined ? {} : { acr }),
    ...(age === undefined ? {} : { maxAge: seconds(age / 1000) }),
  };
}
