import type { Principal, Result } from '@keyturn/protocol';
import type { DpopRequest } from './dpop.ts';
import type { TokenRefusal } from './refusal.ts';

export type Verdict = Result<Principal, TokenRefusal>;

/** Says of a token whether it is good for this resource. Never throws and never rejects, whatever it is given. */
export interface Verifier {
  /** Judges a bearer token. One that is bound to a key is refused. */
  verify(token: string): Promise<Verdict>;
  /**
   * The same without waiting, or undefined where that is not possible: the issuer's keys are not at hand, or somebody
   * has to be asked. Then call `verify`.
   */
  verifySync(token: string): Verdict | undefined;
  /** Judges a token that came with the scheme DPoP: it must be bound to a key, and the proof be that key's. */
  verifyDpop(request: DpopRequest): Promise<Verdict>;
  /** Fetches the keys of all issuers that are not at hand, for start-up and readiness. */
  ready(): Promise<Result<void, TokenRefusal>>;
}
