import { createVerifier, type VerifierOptions } from '@keyturn/verify';
import type { Door } from './who.ts';

/** What tokens are held to, but for whom they are meant. */
export type TokenRules = Omit<VerifierOptions, 'audience'>;

/** Doors that hold tokens to the same rules, each for audiences of its own: whatever is for one is refused at the others. */
export function openDoors(rules: TokenRules) {
  const rulesFor = (audience: readonly string[]): VerifierOptions => ({ ...rules, audience });
  const doorFor = (audience: readonly string[]): Door => ({
    verifier: createVerifier(rulesFor([...new Set(audience)])),
    audiences: audience,
  });
  return { rulesFor, doorFor };
}
