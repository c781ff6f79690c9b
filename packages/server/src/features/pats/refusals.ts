import type { ExchangeRefusal } from '@keyturn/exchange';
import { unreachable } from '@keyturn/protocol';
import type { Problem } from '../../http/problem.ts';
import type { PatKind } from './pat.ts';

/** Why a personal access token was not made or changed. Nothing is stored when one of these comes back. */
export type PatRuleRefusal =
  /** Unknown, malformed or somebody else's: alike, so that ids cannot be tried out. */
  | { readonly why: 'unknown-pat' }
  | { readonly why: 'name-taken'; readonly name: string }
  /** A personal access token made this call. It can neither make nor change one. */
  | { readonly why: 'made-by-pat' }
  | { readonly why: 'no-subject' }
  | { readonly why: 'too-many'; readonly limit: number }
  | { readonly why: 'kind-off'; readonly kind: PatKind; readonly kinds: readonly PatKind[] }
  | { readonly why: 'too-long'; readonly limit: number; readonly field: 'expires_in' | 'expires_at' }
  | { readonly why: 'in-the-past' }
  | { readonly why: 'overlap-too-long'; readonly limit: number }
  | { readonly why: 'grant-required'; readonly url: string; readonly ended: boolean }
  | { readonly why: 'idp'; readonly refusal: ExchangeRefusal }
  | { readonly why: 'idp-unfit'; readonly fault: string }
  | { readonly why: 'capped'; readonly asked: number; readonly granted: number; readonly by: string };

export function explainPatRefusal(refusal: PatRuleRefusal): Problem {
  switch (refusal.why) {
    case 'unknown-pat':
      return {
        status: 404,
        code: 'unknown_token',
        title: 'You have no such token',
        detail: 'GET /api/v1/users/tokens lists yours.',
      };
    case 'name-taken':
      return {
        status: 409,
        code: 'token_name_taken',
        title: 'You have a token of this name',
        detail: 'Names are unique among your tokens. Revoke the other one, rename it, or rotate it.',
        facts: { name: refusal.name },
      };
    case 'made-by-pat':
      return {
        status: 403,
        code: 'token_by_token',
        title: 'A personal access token cannot make or change one',
        detail: 'Log in and use the access token of the login: else a stolen token could outlive its revocation.',
      };
    case 'no-subject':
      return {
        status: 403,
        code: 'token_without_subject',
        title: 'Your access token does not say who you are',
        detail: 'It has no sub claim. In Keycloak the client lacks the client scope “basic”.',
      };
    case 'too-many':
      return {
        status: 409,
        code: 'too_many_tokens',
        title: 'You have as many tokens as you may',
        detail: `At most ${refusal.limit} (pat.maxPerOwner). Revoke one that you no longer use.`,
        facts: { limit: refusal.limit },
      };
    case 'kind-off':
      return invalid('/kind', `${refusal.kind} tokens are not configured here; there are: ${refusal.kinds.join(', ')}`);
    case 'too-long':
      return invalid(`/${refusal.field}`, `at most ${refusal.limit} seconds (pat.maxLifetime)`);
    case 'in-the-past':
      return invalid('/expires_at', 'at least a minute from now');
    case 'overlap-too-long':
      return invalid('/overlap', `at most ${refusal.limit} seconds (pat.maxOverlap)`);
    case 'grant-required':
      return {
        status: 403,
        code: 'grant_required',
        title: refusal.ended ? 'Your grant has ended' : 'Keyturn needs your leave first',
        detail:
          'Reference tokens act for you by an offline grant, which you give once. Open grant_url in your browser, log in, and try again. The address works for ten minutes.',
        facts: { grant_url: refusal.url },
      };
    case 'idp':
      return explainIdp(refusal.refusal);
    case 'idp-unfit':
      return {
        status: 502,
        code: 'token_issuer_bad_answer',
        title: 'The identity provider’s answer is no token that Keyturn could revoke',
        detail: `The token was thrown away: ${refusal.fault}.`,
      };
    case 'capped':
      return {
        status: 422,
        code: 'token_lifetime_capped',
        title: 'The token would end sooner than asked',
        detail: `Asked for ${refusal.asked} s, the identity provider gave ${refusal.granted} s, so the token was thrown away. What caps it: ${refusal.by}. Raise that, ask for less, or make a reference token.`,
        facts: { asked: refusal.asked, granted: refusal.granted, capped_by: refusal.by },
      };
    default:
      return unreachable(refusal);
  }
}

function explainIdp(refusal: ExchangeRefusal): Problem {
  if (refusal.why === 'refused') {
    return {
      status: 502,
      code: 'token_issuer_refused',
      title: 'The identity provider did not issue the token',
      detail: `${refusal.error}: ${refusal.description}. “keyturn doctor” names the condition that fails.`,
      facts: { idp_error: refusal.error, idp_error_description: refusal.description },
    };
  }
  if (refusal.why === 'bad-answer') {
    return {
      status: 502,
      code: 'token_issuer_bad_answer',
      title: 'What answered is no token endpoint',
      detail: `Check pat.token_issuer_kwargs.token_url: ${refusal.detail}.`,
    };
  }
  return {
    status: 502,
    code: 'token_issuer_unreachable',
    title: 'The identity provider does not answer',
    detail: 'No token was made. Try again.',
    headers: { 'retry-after': '5' },
  };
}

function invalid(field: string, message: string): Problem {
  return {
    status: 400,
    code: 'invalid_request',
    title: 'The request does not fit its schema',
    detail: `${field}: ${message}`,
    facts: { errors: [{ field, message }] },
  };
}
