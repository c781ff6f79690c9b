import { ok, refuse } from '@keyturn/protocol';
import type { Verifier } from '@keyturn/verify';
import { Bearer } from './bearer.ts';
import type { RolesOf } from './caller.ts';
import { cutPrincipal } from './pat-limits.ts';
import type { PatPort } from './pat-port.ts';
import type { WhoRefusal } from './refusals.ts';
import type { Resource, RoomParts } from './rooms.ts';

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
  return async (bearer, resource, { address, audience }) => {
    const { verifier, audiences } = doors[resource];
    const presented = { verifier, address, audiences: audience === undefined ? audiences : [audience] };
    const token = bearer.reveal();
    if (pats?.isOpaque(token) === true) {
      const entered = await pats.enter(token, presented);
      if (!entered.ok) return refuse({ why: 'pat', refusal: entered.refusal });
      const { pat, token: swapped } = entered.value;
      const principal = cutPrincipal(entered.value.principal, pat);
      return ok({
        principal,
        ...(await rolesOf(principal, pat)),
        bearer: swapped === undefined ? bearer : new Bearer(swapped),
        pat,
      });
    }
    const checked = verifier.verifySync(token) ?? (await verifier.verify(token));
    if (!checked.ok) return refuse({ why: 'token', refusal: checked.refusal });
    const known = pats?.recognise(checked.value, presented);
    const recognised = known instanceof Promise ? await known : known;
    if (recognised?.ok === false) return refuse({ why: 'pat', refusal: recognised.refusal });
    const pat = recognised?.value;
    const principal = pat === undefined ? checked.value : cutPrincipal(checked.value, pat);
    const found = rolesOf(principal, pat);
    const context = found instanceof Promise ? await found : found;
    return ok({ principal, ...context, bearer, ...(pat === undefined ? {} : { pat }) });
  };
}
