import { ok, type Principal, type Result, refuse } from '@keyturn/protocol';
import type { Verifier } from '@keyturn/verify';
import { Bearer } from './bearer.ts';
import type { Caller, RolesOf } from './caller.ts';
import { cutPrincipal } from './pat-limits.ts';
import type { PatContext, PatPort } from './pat-port.ts';
import type { WhoRefusal } from './refusals.ts';
import type { Resource, RoomParts } from './rooms.ts';
import { goOn, type Soon } from './soon.ts';

/** Each door accepts tokens for its own audiences only; a reference token is swapped for the first that it may be used at. */
export interface Door {
  readonly verifier: Verifier;
  readonly audiences: readonly string[];
}

/**
 * The room "who": each door has a verifier of its own; without waiting where the key is at hand. Opaque tokens go to the
 * personal access tokens and never to a verifier; verified ones are asked about there, since they may be one too.
 */
export function identifyBy(
  doors: Readonly<Record<Resource, Door>>,
  rolesOf: RolesOf,
  pats: PatPort | undefined,
): RoomParts<WhoRefusal, never>['identify'] {
  const enterWith = async (
    pats: PatPort,
    bearer: Bearer,
    presented: PatContext,
  ): Promise<Result<Caller, WhoRefusal>> => {
    const entered = await pats.enter(bearer.reveal(), presented);
    if (!entered.ok) return refuse({ why: 'pat', refusal: entered.refusal });
    const { pat, token: swapped } = entered.value;
    const principal = cutPrincipal(entered.value.principal, pat);
    return ok({
      principal,
      ...(await rolesOf(principal, pat)),
      bearer: swapped === undefined ? bearer : new Bearer(swapped),
      pat,
    });
  };
  const admit = (verified: Principal, bearer: Bearer, pat: Caller['pat']): Soon<Result<Caller, WhoRefusal>> => {
    const principal = pat === undefined ? verified : cutPrincipal(verified, pat);
    return goOn(rolesOf(principal, pat), ({ roles, permissions, primaryRole }) => {
      const caller = { principal, roles, permissions, primaryRole, bearer };
      if (pat !== undefined) return ok({ ...caller, pat });
      return ok(pats?.isSwapped(verified) === true ? { ...caller, isSwapped: true } : caller);
    });
  };

  return (bearer, resource, { address, audience }) => {
    const { verifier, audiences } = doors[resource];
    const presented = { verifier, address, audiences: audience === undefined ? audiences : [audience] };
    const token = bearer.reveal();
    if (pats?.isOpaque(token) === true) return enterWith(pats, bearer, presented);
    return goOn(verifier.verifySync(token) ?? verifier.verify(token), (checked) => {
      if (!checked.ok) return refuse({ why: 'token', refusal: checked.refusal });
      if (pats === undefined) return admit(checked.value, bearer, undefined);
      return goOn(pats.recognise(checked.value, presented), (recognised) =>
        recognised.ok
          ? admit(checked.value, bearer, recognised.value)
          : refuse({ why: 'pat', refusal: recognised.refusal }),
      );
    });
  };
}
