import { createHash } from 'node:crypto';
import type { JsonObject } from '@keyturn/protocol';
import type { SingleUse } from './session.ts';
import type { IdpState } from './state.ts';

declare const bodyOf: unique symbol;

/** The name of a purpose whose things all have this body. One file names it, and so is the only one to write and read them. */
export type Purpose<Body extends object> = string & { readonly [bodyOf]: Body };

/** Names a purpose. `Body` must survive JSON: no functions, dates or members that are undefined but not optional. */
export function purposeOf<Body extends object>(name: string): Purpose<Body> {
  // The brand is for the compiler alone.
  return name as Purpose<Body>;
}

/** Stores a thing that can be spent once within `lifetime` seconds. `id` is what the holder presents. */
export function putSingleUse<Body extends object = JsonObject>(
  state: IdpState,
  given: {
    readonly id: string;
    readonly realmId: string;
    readonly purpose: string | Purpose<Body>;
    readonly lifetime: number;
    readonly body: Body;
  },
): SingleUse<Body> {
  const { lifetime, ...rest } = given;
  const thing = { ...rest, id: keyOf(given.realmId, given.purpose, given.id), expiresAt: state.now() + lifetime };
  state.singleUse.put(thing);
  return thing;
}

/** Looks without spending: for a device code that is still waiting. */
export function peekSingleUse<Body extends object = JsonObject>(
  state: IdpState,
  realmId: string,
  purpose: string | Purpose<Body>,
  id: string,
): SingleUse<Body> | undefined {
  const found = state.singleUse.inRealm(realmId, keyOf(realmId, purpose, id));
  // What is kept under a purpose was put there under the same one: the id says so.
  return found !== undefined && found.expiresAt > state.now() ? (found as SingleUse<Body>) : undefined;
}

/** Replaces the body of a thing that is still there, keeping its end. */
export function updateSingleUse<Body extends object>(
  state: IdpState,
  thing: SingleUse<Body>,
  body: Body,
): SingleUse<Body> {
  const changed = { ...thing, body };
  state.singleUse.put(changed);
  return changed;
}

/** Spends it: of any number of racers one gets it, all others get nothing. */
export function takeSingleUse<Body extends object = JsonObject>(
  state: IdpState,
  realmId: string,
  purpose: string | Purpose<Body>,
  id: string,
): SingleUse<Body> | undefined {
  const found = peekSingleUse<Body>(state, realmId, purpose, id);
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
