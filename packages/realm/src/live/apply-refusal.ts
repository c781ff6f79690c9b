import { unreachable } from '@keyturn/protocol';
import type { AdminRefusal } from './admin-refusal.ts';

/** Why a plan was not carried out, or not to its end. */
export type ApplyRefusal =
  | { readonly why: 'missing-secrets'; readonly names: readonly string[] }
  | { readonly why: 'stale'; readonly objects: readonly string[] }
  | { readonly why: 'foreign-ownership' }
  | {
      readonly why: 'stopped';
      readonly at: string;
      readonly stepsDone: number;
      readonly stepsLeft: number;
      readonly refusal: AdminRefusal;
    }
  | { readonly why: 'unread'; readonly refusal: AdminRefusal };

/** One or two sentences for a person: what happened, what was not lost, what to do. */
export function explainApplyRefusal(refusal: ApplyRefusal, explain: (refusal: AdminRefusal) => string): string {
  switch (refusal.why) {
    case 'missing-secrets':
      return `The plan refers to secrets that the realm file does not give: ${refusal.names.join(', ')}. Nothing was written.`;
    case 'stale':
      return `Changed since the plan was made: ${refusal.objects.join(', ')}. Nothing was written; plan again.`;
    case 'foreign-ownership':
      return 'Another apply has changed what Keyturn owns in this realm since the plan was made. Nothing was written; plan again.';
    case 'stopped':
      return `Stopped at ${refusal.at}: ${explain(refusal.refusal)} ${refusal.stepsDone} steps are done, ${refusal.stepsLeft} are left; run the same command again to finish.`;
    case 'unread':
      return `${explain(refusal.refusal)} Nothing was written.`;
  }
  return unreachable(refusal);
}
