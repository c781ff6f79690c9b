import { type EpochMilliseconds, ok, type Result, refuse, type Seconds } from '@keyturn/protocol';
import { type Overlap, overlapOf, type Party } from './party.ts';

/** Whose keys a rule asks for. */
export interface KeysAsked {
  /** Roles, of which each approver must have one. Empty: whoever is a reviewer. */
  readonly from: readonly string[];
  /** How many different people. */
  readonly count: number;
  /** The authentication context class that approvers must have logged in with. */
  readonly acr?: string | undefined;
  /** How long ago their login may lie (`auth_time`). */
  readonly maxAge?: Seconds | undefined;
}

/** Somebody who wants to turn a key, with what their token proves. */
export interface Approver extends Party {
  readonly isReviewer: boolean;
  readonly roles: readonly string[];
  readonly acr?: string | undefined;
  readonly authTime?: EpochMilliseconds | undefined;
  /** A personal access token or a client's own account: whoever holds it can use it. */
  readonly shared: boolean;
  /** The configuration names this shared credential as one that may approve. */
  readonly sharedAllowed: boolean;
}

/** Why somebody may not turn the second key. */
export type ApproverRefusal =
  | { readonly why: 'not-a-reviewer' }
  | { readonly why: 'self-approval'; readonly overlap: Overlap }
  | { readonly why: 'approved-already' }
  /** The same person as another approver, by another name. */
  | { readonly why: 'same-as-approver'; readonly overlap: Overlap }
  | { readonly why: 'lacks-role'; readonly from: readonly string[] }
  | { readonly why: 'shared-credential' }
  | { readonly why: 'step-up'; readonly acr: string | undefined; readonly maxAge: Seconds | undefined };

/**
 * Whether `approver` may turn a key for what `requester` asks. Separation comes first: nobody learns what else is missing
 * of an approval that they may never give.
 */
export function mayApprove(
  asked: KeysAsked,
  requester: Party,
  others: readonly Party[],
  approver: Approver,
  now: EpochMilliseconds,
): Result<undefined, ApproverRefusal> {
  if (!approver.isReviewer && asked.from.length === 0) return refuse({ why: 'not-a-reviewer' });
  const overlap = overlapOf(requester, approver);
  if (overlap !== undefined) return refuse({ why: 'self-approval', overlap });
  for (const other of others) {
    const shared = overlapOf(other, approver);
    if (shared === 'same-identity') return refuse({ why: 'approved-already' });
    if (shared !== undefined) return refuse({ why: 'same-as-approver', overlap: shared });
  }
  if (asked.from.length > 0 && !asked.from.some((role) => approver.roles.includes(role))) {
    return refuse({ why: 'lacks-role', from: asked.from });
  }
  if (approver.shared && !approver.sharedAllowed) return refuse({ why: 'shared-credential' });
  return checkStepUp(asked, approver, now);
}

function checkStepUp(asked: KeysAsked, approver: Approver, now: EpochMilliseconds): Result<undefined, ApproverRefusal> {
  const { acr, maxAge } = asked;
  const tooWeak = acr !== undefined && !isAcr(approver.acr, acr);
  const tooOld = maxAge !== undefined && (approver.authTime === undefined || now - approver.authTime > maxAge * 1000);
  return tooWeak || tooOld ? refuse({ why: 'step-up', acr, maxAge }) : ok(undefined);
}

/** Levels that are numbers are ordered, as Keycloak's levels of authentication are; names are equal or not. */
function isAcr(given: string | undefined, asked: string): boolean {
  if (given === undefined) return false;
  if (/^\d{1,9}$/.test(given) && /^\d{1,9}$/.test(asked)) return Number(given) >= Number(asked);
  return given === asked;
}

/** Whether these approvals are what a rule asks for: enough different people, each with a role that it names. */
export function areEnough(
  asked: KeysAsked,
  approvals: readonly { readonly roles: readonly string[]; readonly acr?: string | undefined }[],
): boolean {
  const counted = approvals.filter(
    ({ roles, acr }) =>
      (asked.from.length === 0 || asked.from.some((role) => roles.includes(role))) &&
      (asked.acr === undefined || isAcr(acr, asked.acr)),
  );
  return counted.length >= asked.count;
}
