import { createHash } from 'node:crypto';
import type { JsonObject } from '@keyturn/protocol';
import type { SingleUse } from './session.ts';
import type { IdpState } from './state.ts';

/** Stores a thing that can be spent once within `lifetime` seconds. `id` is what the holder presents. */
export function putSingleUse(
  state: IdpState,
  given: {
    readonly id: string;
    readonly realmId: string;
    readonly purpose: string;
    readonly lifetime: number;
    readonly body: JsonObject;
  },
): SingleUse {
  const { lifetime, ...rest } = given;
  return state.singleUse.put({
    ...rest,
    id: keyOf(given.realmId, given.purpose, given.id),
    expiresAt: state.now() + lifetime,
  });
}

/** Looks without spending: for a device code that is still waiting. */
export function peekSingleUse(state: IdpState, realmId: string, purpose: string, id: string): SingleUse | undefined {
  const found = state.singleUse.inRealm(realmId, keyOf(realmId, purpose, id));
  return found !== undefined && found.expiresAt > state.now() ? found : undefined;
}

/** Replaces the body of a thing that is still there, keeping its end. */
export function updateSingleUse(state: IdpState, thing: SingleUse, body: JsonObject): SingleUse {
  return state.singleUse.put({ ...thing, body });
}

/** Spends it: of any number of racers one gets it, all others get nothing. */
export function takeSingleUse(state: IdpState, realmId: string, purpose: string, id: string): SingleUse | undefined {
  const found = peekSingleUse(state, realmId, purpose, id);
  return found !== undefined && state.singleUse.delete(found.id) ? found : undefined;
}

/** Remembers an id until `expiresAt` (epoch seconds); false if it was there already. For assertions and DPoP proofs. */
export function markUsed(state: IdpState, realmId: string, purpose: string, id: string, expiresAt: number): boolean {
  if (peekSingleUse(state, realmId, purpose, id) !== undefined) return false;
  putSingleUse(state, { id, realmId, purpose, lifetime: expiresAt - state.now(), body: {} });
  return true;
}

// Codes are as good as passwords while they live, so only their hash is at rest. Realm and purpose come first, so that
// no id of one can name a thing of another.
function keyOf(realmId: string, purpose: string, id: string): string {
  return `${realmId} ${purpose} ${createHash('sha256').update(id).digest('base64url')}`;
}
