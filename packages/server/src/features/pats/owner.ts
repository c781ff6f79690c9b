import { isId, ok, type Result, refuse } from '@keyturn/protocol';
import type { Caller } from '../../http/caller.ts';
import type { PatParts } from './parts.ts';
import type { Pat, PatOwner } from './pat.ts';
import type { PatRuleRefusal } from './refusals.ts';

/** The owner of the tokens that a caller may see and change. */
export function ownerOf(caller: Caller): Result<PatOwner, PatRuleRefusal> {
  const { issuer, subject } = caller.principal;
  return subject === undefined ? refuse({ why: 'no-subject' }) : ok({ issuer, subject });
}

/** One of the caller's own tokens: any other id is unknown, whatever is wrong with it. */
export async function findPat(parts: PatParts, caller: Caller, id: string): Promise<Result<Pat, PatRuleRefusal>> {
  const owner = ownerOf(caller);
  if (!owner.ok) return owner;
  const pat = isId('pat', id) ? await parts.repository.byId(owner.value, id) : undefined;
  return pat === undefined ? refuse({ why: 'unknown-pat' }) : ok(pat);
}
