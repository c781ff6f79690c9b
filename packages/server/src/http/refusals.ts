import type { ExchangeRefusal } from '@keyturn/exchange';
import { unreachable } from '@keyturn/protocol';
import { bearerChallenge, type ChallengeOptions, type TokenRefusal, type WireRefusal, wireOf } from '@keyturn/verify';
import type { CredentialRefusal } from './bearer.ts';
import type { PatRefusal } from './pat-port.ts';
import type { Problem } from './problem.ts';
import type { RoomRefusal } from './rooms.ts';
import { explainSecondKey } from './second-key-refusals.ts';

/** Why the first room turned a caller away. */
export type WhoRefusal =
  | { readonly why: 'credentials'; readonly refusal: CredentialRefusal }
  | { readonly why: 'token'; readonly refusal: TokenRefusal }
  | { readonly why: 'pat'; readonly refusal: PatRefusal }
  | { readonly why: 'session'; readonly refusal: SessionRefusal };

/** Why there is no token for the next hop. */
export type HopRefusal =
  | { readonly why: 'not-configured' }
  | { readonly why: 'exchange'; readonly audience: string; readonly refusal: ExchangeRefusal };

/** Why a session cookie does not let its browser in. For the log; callers see less (see refusals.ts). */
export type SessionRefusal =
  /** Never begun, logged out, too long idle, too old: the cookie does not tell. */
  | { readonly why: 'session-ended' }
  /** Two cookies of the name: one of them was planted, and which is a guess. */
  | { readonly why: 'several-cookies' }
  /** A state-changing request that did not come from Keyturn's own pages. */
  | { readonly why: 'csrf'; readonly fault: string }
  /** The tokens of the session have run out, and the identity provider does not answer. */
  | { readonly why: 'session-unreachable'; readonly detail: string };

export type HouseRefusal = RoomRefusal<WhoRefusal, HopRefusal>;

/**
 * The one place where a refusal of the rooms becomes what the caller sees. There is no default branch: a new reason
 * does not compile until somebody decides. `metadataUrl` goes into the challenge (RFC 9728 §5.1), and the least `scopes`
 * that a caller of this door needs (RFC 6750 §3).
 */
export function explainRefusal(refusal: HouseRefusal, metadataUrl?: string, scopes: readonly string[] = []): Problem {
  switch (refusal.room) {
    case 'who':
      return explainWho(refusal.refusal, {
        ...(metadataUrl === undefined ? {} : { resourceMetadata: metadataUrl }),
        ...(scopes.length === 0 ? {} : { scope: scopes }),
      });
    case 'may-they':
      return {
        status: 403,
        code: 'forbidden',
        title: 'You may not do this',
        detail: refusal.reason,
        facts: {
          ...(refusal.needsRole === undefined ? {} : { required_role: refusal.needsRole }),
          ...(refusal.needsPermission === undefined ? {} : { required_permission: refusal.needsPermission }),
        },
      };
    case 'two-keys':
      return explainSecondKey(refusal);
    case 'next-hop':
      return explainHop(refusal.refusal);
    default:
      return unreachable(refusal);
  }
}

function explainWho(refusal: WhoRefusal, resourceMetadata: ChallengeOptions): Problem {
  switch (refusal.why) {
    case 'credentials':
      return explainCredentials(refusal.refusal, resourceMetadata);
    case 'token': {
      // Coarse, as verify decides (RFC 6750 §3.1): which check failed is for the log, not for whoever holds the token.
      const { status, description } = wireOf(refusal.refusal);
      if (status === 503) {
        return {
          status,
          code: 'keys_unavailable',
          title: 'Tokens cannot be checked now',
          detail: `${description}.`,
          headers: { 'retry-after': '5' },
        };
      }
      const isForOthers = refusal.refusal.why === 'audience';
      return {
        status,
        code: 'invalid_token',
        title: 'The access token is not accepted',
        detail: `${description}${isForOthers ? ': its aud claim does not match' : ''}. It must be a live access token of the configured issuer, meant for this service.`,
        // The words of seed 001's gateway.
        facts: { error: isForOthers ? 'aud claim does not match' : 'invalid token' },
        headers: { 'www-authenticate': bearerChallenge(refusal.refusal, resourceMetadata) },
      };
    }
    case 'pat':
      return explainPat(refusal.refusal, resourceMetadata);
    case 'session':
      return explainSession(refusal.refusal);
    default:
      return unreachable(refusal);
  }
}

/** Revoked, never issued, expired, mistyped: the holder of a token that does not work learns no more than that. */
function explainPat(refusal: PatRefusal, resourceMetadata: ChallengeOptions): Problem {
  switch (refusal.why) {
    case 'pat-unknown':
    case 'pat-expired':
    case 'pat-owner':
    case 'pat-malformed':
    case 'pat-address':
    case 'pat-audience':
    case 'grant':
    case 'swap':
      return {
        status: 401,
        code: 'invalid_token',
        title: 'The access token is not accepted',
        detail:
          'The access token is not valid. It must be a live personal access token, used where and for what it is meant.',
        headers: { 'www-authenticate': bearerChallenge(invalidPat, resourceMetadata) },
      };
    case 'pat-unheard':
      return {
        status: 503,
        code: 'revocations_unknown',
        title: 'Personal access tokens cannot be checked now',
        detail: 'This replica has heard nothing of revocations for ten seconds, and does not guess.',
        headers: { 'retry-after': '2' },
      };
    case 'pat-unreachable':
      return {
        status: 503,
        code: 'idp_unreachable',
        title: 'The identity provider does not answer',
        detail: 'The personal access token could not be swapped for a token of its owner.',
        headers: { 'retry-after': '5' },
      };
    default:
      return unreachable(refusal);
  }
}

function explainSession(refusal: SessionRefusal): Problem {
  switch (refusal.why) {
    case 'session-ended':
      return {
        status: 401,
        code: 'session_ended',
        title: 'You are no longer logged in',
        detail: 'The session has ended. Log in again at /login.',
      };
    case 'several-cookies':
      return {
        status: 401,
        code: 'session_ended',
        title: 'You are not logged in',
        detail:
          'The browser sent two session cookies, and which one is yours would be a guess. Remove both, and log in.',
      };
    case 'csrf':
      return {
        status: 403,
        code: 'csrf',
        title: 'This request did not come from Keyturn’s own pages',
        detail:
          'With a session cookie, whatever changes something must come from the same origin and bring the X-CSRF-Token that GET /api/v1/session gives.',
      };
    case 'session-unreachable':
      return {
        status: 503,
        code: 'idp_unreachable',
        title: 'The identity provider does not answer',
        detail: 'The tokens of your session have run out and cannot be renewed now. You are still logged in.',
        headers: { 'retry-after': '5' },
      };
    default:
      return unreachable(refusal);
  }
}

const invalidPat: WireRefusal = {
  status: 401,
  error: 'invalid_token',
  description: 'The access token is not valid',
};

const malformedToken: WireRefusal = {
  status: 401,
  error: 'invalid_token',
  description: 'The access token is malformed',
};

/** RFC 6750 §3.1: credentials that cannot be read are a malformed request. */
const invalidCredentials: WireRefusal = {
  status: 400,
  error: 'invalid_request',
  description: 'The request must have one Authorization header of the form Bearer and a token',
};

function explainCredentials(refusal: CredentialRefusal, resourceMetadata: ChallengeOptions): Problem {
  // RFC 6750 §3: a request without credentials gets a challenge without an error code.
  const challenge = { 'www-authenticate': bearerChallenge(undefined, resourceMetadata) };
  const several = { 'www-authenticate': bearerChallenge(invalidCredentials, resourceMetadata) };
  switch (refusal.why) {
    case 'no-token':
      return {
        status: 401,
        code: 'no_token',
        title: 'An access token is needed',
        detail: 'Send Authorization: Bearer <access token>.',
        headers: challenge,
      };
    case 'other-scheme':
      return {
        status: 401,
        code: 'no_token',
        title: 'An access token is needed',
        detail: `Send Authorization: Bearer <access token>; the scheme ${refusal.scheme} is not understood here.`,
        headers: challenge,
      };
    case 'several-credentials':
      return {
        status: 400,
        code: 'several_credentials',
        title: 'One Authorization header, please',
        detail: 'The request has more than one Authorization header; which one counts would be a guess.',
        headers: several,
      };
    case 'malformed-credentials':
      return {
        status: 401,
        code: 'malformed_credentials',
        title: 'The Authorization header cannot be read',
        detail: 'Its form is: Bearer, a space, one token of the characters A-Z a-z 0-9 - . _ ~ + / and = at the end.',
        // RFC 6750 §3.1 counts a malformed token among the invalid ones.
        headers: { 'www-authenticate': bearerChallenge(malformedToken, resourceMetadata) },
      };
    default:
      return unreachable(refusal);
  }
}

function explainHop(refusal: HopRefusal): Problem {
  switch (refusal.why) {
    case 'not-configured':
      return {
        status: 503,
        code: 'exchange_not_configured',
        title: 'Token exchange is not set up',
        detail: 'This source has a default_audience, but exchange.clientId and exchange.clientSecret are not set.',
      };
    case 'exchange':
      return explainExchangeRefusal(refusal.refusal, refusal.audience);
    default:
      return unreachable(refusal);
  }
}

function explainExchangeRefusal(refusal: ExchangeRefusal, audience: string): Problem {
  switch (refusal.why) {
    case 'refused':
      return {
        status: 502,
        code: 'exchange_refused',
        title: 'The identity provider refused the token exchange',
        detail: `For audience ${audience}: ${refusal.error}: ${refusal.description}. “keyturn doctor exchange --audience ${audience}” names the condition that fails.`,
        facts: { audience, idp_error: refusal.error, idp_error_description: refusal.description },
      };
    case 'unreachable':
      return {
        status: 503,
        code: 'idp_unreachable',
        title: 'The identity provider does not answer',
        detail: `The token exchange for audience ${audience} got no answer.`,
        headers: { 'retry-after': String(Math.max(1, Math.ceil(refusal.retryAfter ?? 5))) },
      };
    case 'breaker-open':
      return {
        status: 503,
        code: 'exchange_breaker_open',
        title: 'The identity provider has been failing',
        detail: 'Token exchanges are not tried until it has had time to recover.',
        headers: { 'retry-after': String(Math.max(1, Math.ceil(refusal.retryAfter))) },
      };
    case 'bad-answer':
      return {
        status: 502,
        code: 'exchange_bad_answer',
        title: 'The token endpoint gave no token answer',
        detail: `The answer for audience ${audience} is not one of RFC 8693: ${refusal.detail}`,
      };
    default:
      return unreachable(refusal);
  }
}
