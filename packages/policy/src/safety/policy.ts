import { z } from 'zod';
import { parseDuration } from './duration.ts';
import { zoneClock } from './zoned-time.ts';

/** `90s`, `15m`, `1h30m`, `7d`. */
const duration = z
  .string()
  .refine(
    (text) => (parseDuration(text) ?? 0) >= 1000,
    'expected a duration of at least 1s, such as "90s", "15m", "1h30m" or "7d"',
  )
  .refine((text) => (parseDuration(text) ?? 0) <= 366 * 86_400_000, 'is longer than 366 days');

const label = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/, 'expected a name as Kubernetes has them: a-z, 0-9, "-" and "."');

/** Who has to turn their key, and until when. Unset `from`: whoever is a reviewer. */
const approvals = z.strictObject({
  from: z.array(z.string().min(1).max(256)).max(20).default([]),
  count: z.int().min(1).max(10).default(1),
  acr: z.string().min(1).max(256).optional(),
  /** How long ago the approver's login may lie (`auth_time`). */
  maxAge: duration.optional(),
  /** Counted from the request. */
  within: duration.default('1h'),
});

const day = z.enum(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']);
const time = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'expected a time such as 09:00');
/** One day (`2026-12-24`), each year's (`12-25`), or from the first to the last of several (`2026-12-24/2027-01-02`). */
const dates = z
  .string()
  .regex(
    /^(?:\d{4}-)?(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$|^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\/\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/,
    'expected a date: 2026-12-24, 12-25 for every year, or 2026-12-24/2027-01-02',
  )
  .refine((text) => text.split('/').every(isDay), 'is a day that no calendar has')
  .refine((text) => {
    const [from = '', to = from] = text.split('/');
    return from <= to;
  }, 'ends before it begins');

/** `02-29` is a day of some years. */
function isDay(text: string): boolean {
  const [day = 0, month = 0, year = 2000] = text.split('-').map(Number).reverse();
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

const timeWindow = z.strictObject({
  /** An IANA name. Windows are read off the clock on the wall there, daylight saving included. */
  timeZone: z
    .string()
    .refine((name) => zoneClock(name) !== undefined, 'expected an IANA time zone such as Europe/Berlin'),
  /** Unset `days`: every day. Unset times: the whole day. A `to` that is not after `from` is on the next day. */
  windows: z
    .array(
      z.strictObject({
        days: z.array(day).min(1).optional(),
        from: time.default('00:00'),
        to: time.default('24:00'),
      }),
    )
    .min(1)
    .max(50),
  /** Days on which no window opens, and names of the policy's calendars that hold more of them. */
  except: z.array(dates).max(400).default([]),
  exceptCalendars: z.array(label).max(20).default([]),
  /** Whether the rule is for the time in the windows or for all other time. */
  when: z.enum(['inside', 'outside']).default('inside'),
  approvals: approvals.optional(),
});

const rateLimit = z.strictObject({
  /** How many are let through in any stretch of time as long as `window`; the rule is for those beyond. */
  limit: z.int().min(1).max(100_000),
  window: duration,
  /** What is counted apart. Empty: all together. */
  per: z
    .array(z.enum(['agent', 'action', 'target']))
    .max(3)
    .default(['agent']),
  approvals: approvals.optional(),
});

const common = {
  name: label,
  action: z.enum(['Allow', 'Deny', 'Log', 'RequireApproval']),
  /** What the caller is told. */
  message: z.string().max(500).optional(),
};
const expression = z.string().min(1).max(4000);

const rule = z.discriminatedUnion('type', [
  z.strictObject({
    ...common,
    type: z.literal('StateEvaluation'),
    expression,
    config: z.strictObject({ approvals: approvals.optional() }).optional(),
  }),
  /** `expression` narrows the rule to some calls. */
  z.strictObject({ ...common, type: z.literal('TimeWindow'), expression: expression.optional(), config: timeWindow }),
  z.strictObject({ ...common, type: z.literal('RateLimit'), expression: expression.optional(), config: rateLimit }),
]);

/** What Kubernetes and this service write into `metadata`: taken back, and not believed. */
const ignored = z.unknown().optional();

/**
 * A SafetyPolicy in the Kubernetes shape. Unknown members are refused: a `failuremode` that nobody reads would leave the
 * author believing.
 */
export const safetyPolicySchema = z.strictObject({
  apiVersion: z.enum(['keyturn.dev/v1alpha1', 'governance.aip.io/v1alpha1']),
  kind: z.literal('SafetyPolicy'),
  metadata: z.strictObject({
    name: label,
    labels: z.record(z.string().max(317), z.string().max(63)).optional(),
    annotations: z.record(z.string().max(317), z.string().max(4000)).optional(),
    namespace: ignored,
    generation: ignored,
    creationTimestamp: ignored,
    resourceVersion: ignored,
    uid: ignored,
  }),
  spec: z.strictObject({
    /** `Observe`: rules are judged and recorded, and change nothing. `Disabled`: not even that. */
    mode: z.enum(['Enforce', 'Observe', 'Disabled']).default('Enforce'),
    /** What an expression that cannot be evaluated means: refusal, or as if it had not matched. */
    failureMode: z.enum(['FailClosed', 'FailOpen']).default('FailClosed'),
    /** Days by name, for the `exceptCalendars` of time windows. */
    calendars: z.record(label, z.array(dates).max(400)).optional(),
    rules: z
      .array(rule)
      .min(1)
      .max(200)
      .refine((rules) => new Set(rules.map(({ name }) => name)).size === rules.length, 'has two rules of one name'),
  }),
});

export type SafetyPolicy = z.infer<typeof safetyPolicySchema>;
export type SafetyRule = SafetyPolicy['spec']['rules'][number];
export type TimeWindowConfig = z.infer<typeof timeWindow>;
export type RateLimitConfig = z.infer<typeof rateLimit>;
export type ApprovalsConfig = z.infer<typeof approvals>;
export type PolicyMode = SafetyPolicy['spec']['mode'];
