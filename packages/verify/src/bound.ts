import type { EpochMilliseconds, Principal } from '@keyturn/protocol';
import { ok, refuse } from '@keyturn/protocol';
import type { Binding } from './binding.ts';
import type { DpopOptions, DpopRequest } from './dpop.ts';
import { checkDpop } from './dpop.ts';
import type { TokenRefusal } from './refusal.ts';
import type { Verdict } from './verdict.ts';

/** A genuine token and the key it is bound to, if any. */
export interface MaybeBound {
  readonly principal: Principal;
  readonly binding: Binding | undefined;
}

/** What is said of a genuine token that came as a plain bearer token: bound ones are refused (RFC 9449 §7.2). */
export function asBearer({ principal, binding }: MaybeBound): Verdict {
  return binding === undefined ? ok(principal) : refuse(missingProof(binding));
}

/** What is said of a genuine token that came with the scheme DPoP: it must be bound, and the proof be its key's. */
export async function asDpop(
  { principal, binding }: MaybeBound,
  options: DpopOptions | undefined,
  request: DpopRequest,
  now: EpochMilliseconds,
): Promise<Verdict> {
  if (binding === undefined) return refuse({ why: 'not-bound' });
  if (!('jkt' in binding) || options === undefined) return refuse(missingProof(binding));
  const proven = await checkDpop(request, binding.jkt, options, now);
  return proven.ok ? ok(principal) : proven;
}

function missingProof(binding: Binding): TokenRefusal {
  return { why: 'sender-constrained', by: 'jkt' in binding ? 'jkt' : binding.unsupported };
}
