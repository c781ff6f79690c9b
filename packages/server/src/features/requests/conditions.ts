import type { EpochMilliseconds } from '@keyturn/protocol';

/** What a request has been through, as Kubernetes writes it: one entry a type, `lastTransitionTime` when its status changed. */
export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  /** CamelCase, for programs. */
  readonly reason: string;
  /** A sentence, for people. */
  readonly message: string;
  /** RFC 3339, as on the wire. */
  readonly lastTransitionTime: string;
}

export type ConditionType =
  | 'RequestSubmitted'
  | 'PolicyEvaluated'
  | 'RequiresApproval'
  | 'Approved'
  | 'Confirmed'
  | 'Executing'
  | 'Completed'
  | 'Failed'
  | 'Expired'
  | 'Cancelled';

/** The list with this condition in its place. */
export function withCondition(
  conditions: readonly Condition[],
  next: Omit<Condition, 'lastTransitionTime'>,
  now: EpochMilliseconds,
): readonly Condition[] {
  const before = conditions.find(({ type }) => type === next.type);
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : new Date(now).toISOString();
  const condition: Condition = { ...next, lastTransitionTime };
  return before === undefined
    ? [...conditions, condition]
    : conditions.map((each) => (each.type === next.type ? condition : each));
}
