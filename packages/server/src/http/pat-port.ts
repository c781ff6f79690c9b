import type { Principal, Result } from '@keyturn/protocol';
import type { RevocationSource, Verifier } from '@keyturn/verify';
import type { Caller } from './caller.ts';

/** Why a personal access token does not let its holder in. For the log; callers see less (see refusals.ts). */
export type PatRefusal =
  /** Never issued, deleted or revoked: the table does not tell. */
  | { readonly why: 'pat-unknown' }
  | { readonly why: 'pat-expired' }
  | { readonly why: 'pat-owner'; readonly state: 'disabled' | 'gone' | 'logged-out' }
  | { readonly why: 'pat-unheard' }
  /** Begins like a reference token and is none: mistyped, cut short, or another spelling. */
  | { readonly why: 'pat-malformed' }
  /** Used from outside the networks that it is narrowed to. */
  | { readonly why: 'pat-address'; readonly address: string | undefined }
  /** Narrowed to other services than this. */
  | { readonly why: 'pat-audience'; readonly audiences: readonly string[] }
  | { readonly why: 'grant'; readonly ended: boolean; readonly error: string; readonly description: string }
  | { readonly why: 'swap'; readonly audience: string; readonly error: string; readonly description: string }
  /** The identity provider does not answer, so that there is no token to act with. */
  | { readonly why: 'pat-unreachable'; readonly detail: string };

/** What one request says beside its token. */
export interface PatContext {
  /** The caller's address, for tokens that are narrowed to networks. */
  readonly address: string | undefined;
  /** The names of the service that the token is used at, the one to swap for first. */
  readonly audiences: readonly string[];
  /** Judges what a reference token is swapped for. */
  readonly verifier: Verifier;
}

/** What the first room needs of personal access tokens. compose.ts fills it from the feature `pats`, or with nothing. */
export interface PatPort {
  /** Whether this text is one that no verifier can judge: then `enter` does. */
  readonly isOpaque: (token: string) => boolean;
  readonly enter: (
    token: string,
    context: PatContext,
  ) => Result<PatEntrance, PatRefusal> | Promise<Result<PatEntrance, PatRefusal>>;
  /** For a verified token: what narrows it, if it is a personal access token; undefined if it is none. */
  readonly recognise: (
    principal: Principal,
    context: PatContext,
  ) => Result<Caller['pat'], PatRefusal> | Promise<Result<Caller['pat'], PatRefusal>>;
  /** Whether a verified token is what reference tokens are swapped for: an access token of somebody's offline grant. */
  readonly isSwapped: (principal: Principal) => boolean;
  /** For every verifier of the house. */
  readonly revocation: RevocationSource;
}

/** Who came in with an opaque token, and with which credential they go on. */
export interface PatEntrance {
  readonly principal: Principal;
  readonly pat: NonNullable<Caller['pat']>;
  /** The token that the holder's was swapped for; undefined if there is none, as with the memory issuer's. */
  readonly token: string | undefined;
}
