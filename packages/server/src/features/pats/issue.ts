import { type EpochSeconds, epochSeconds, ok, type Result, refuse, secondsOf, unreachable } from '@keyturn/protocol';
import type { Caller, PatLimits } from '../../http/caller.ts';
import { issueJwt } from './jwt-issuer.ts';
import { kindsOf, type PatParts } from './parts.ts';
import type { PatKind, PatOwner } from './pat.ts';
import { newReferenceToken } from './reference-token.ts';
import type { PatRuleRefusal } from './refusals.ts';
import type { NewPat } from './request.ts';

/** A token's text, and until when it holds. */
export interface Issued {
  readonly token: string;
  readonly jti: string | undefined;
  readonly expiresAt: EpochSeconds;
}

/** Has a token made by the issuer of its kind. */
export async function issue(
  parts: PatParts,
  caller: Caller,
  owner: PatOwner,
  kind: PatKind,
  limits: PatLimits,
  expiresAt: EpochSeconds,
): Promise<Result<Issued, PatRuleRefusal>> {
  const { reference, jwt, memory } = parts.issuers;
  const off = refuse({ why: 'kind-off', kind, kinds: kindsOf(parts) } as const);
  switch (kind) {
    case 'reference': {
      if (reference === undefined) return off;
      const carried = await reference.grants.accessToken(owner);
      if (carried.ok) return ok({ token: newReferenceToken(parts.random), jti: undefined, expiresAt });
      const { refusal } = carried;
      if (refusal.why !== 'grant-unreachable') {
        const ended = refusal.why === 'grant-ended';
        return refuse({ why: 'grant-required', url: await reference.grantUrl(owner), ended });
      }
      const detail = refusal.detail;
      return refuse({ why: 'idp', refusal: { why: 'unreachable', detail, status: undefined, retryAfter: undefined } });
    }
    case 'jwt': {
      if (jwt === undefined) return off;
      const audiences = limits.audiences ?? [];
      const subjectToken = caller.bearer.reveal();
      const issued = await issueJwt(jwt, { subjectToken, owner: caller.principal, audiences, expiresAt });
      if (issued.ok) return issued;
      return refuse(issued.refusal.why === 'unfit' ? { ...issued.refusal, why: 'idp-unfit' } : issued.refusal);
    }
    case 'memory':
      return memory === undefined ? off : ok({ ...memory.issue(caller.principal, expiresAt), expiresAt });
    default:
      return unreachable(kind);
  }
}

/** When a new token ends: what is asked, else the policy's default; within what policy allows. */
export function expiryOf(parts: PatParts, body: NewPat): Result<EpochSeconds, PatRuleRefusal> {
  const { policy, clock } = parts;
  const now = secondsOf(clock());
  const at =
    body.expires_at === undefined
      ? now + (body.expires_in ?? Math.min(policy.defaultLifetime, policy.maxLifetime))
      : Math.floor(Date.parse(body.expires_at) / 1000);
  if (at < now + 60) return refuse({ why: 'in-the-past' });
  const field = body.expires_at === undefined ? 'expires_in' : 'expires_at';
  return at - now > policy.maxLifetime
    ? refuse({ why: 'too-long', limit: policy.maxLifetime, field })
    : ok(epochSeconds(at));
}
