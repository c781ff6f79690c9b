import type { Claims } from '@keyturn/protocol';
import { runnable, type Verdict } from '../check.ts';
import { audiencesOf, claimsOf, expectedIssuer } from '../facts.ts';

interface Facts {
  readonly claims: Claims | undefined;
  readonly issuer: string;
  readonly audience: string | undefined;
  readonly identityClaim: string;
  readonly subjects: readonly string[] | undefined;
  /** Seconds since 1970. */
  readonly now: number;
}

/** Seed 001: "invalid token", "aud claim does not match", "agent role required". */
export const token = runnable<Facts>({
  id: 'token',
  why: 'A service refuses a token whose iss, aud, kind or identity is not what it expects, and says no more than 401 or 403.',
  needs: 'a pasted token (--token)',
  async gather(context) {
    const { token: text, audience, identityClaim = 'azp', subjects } = context.settings;
    if (text === undefined) return undefined;
    return {
      claims: claimsOf(text),
      issuer: expectedIssuer(context),
      audience,
      identityClaim,
      subjects,
      now: Math.floor(context.clock() / 1000),
    };
  },
  judge(facts) {
    const { claims } = facts;
    if (claims === undefined)
      return [
        {
          severity: 'error',
          looked: 'the token',
          found: 'no JWT',
          mend: 'paste the access_token, not the whole answer, or use an introspection endpoint for opaque tokens',
        },
      ];
    const verdicts = [
      kind(claims),
      issuedBy(claims, facts.issuer),
      alive(claims, facts.now),
      audience(claims, facts.audience),
      identity(claims, facts),
    ];
    const found = verdicts.filter((verdict) => verdict !== undefined);
    return found.length > 0
      ? found
      : [{ severity: 'ok', looked: 'the token’s iss, aud, typ, exp and identity', found: 'as expected' }];
  },
});

function kind({ typ }: Claims): Verdict | undefined {
  if (typ === undefined || typ === 'Bearer') return undefined;
  return {
    severity: 'error',
    looked: 'typ',
    found: `this is no access token (typ ${typ})`,
    mend: 'use the access_token of the answer',
  };
}

function issuedBy({ iss }: Claims, issuer: string): Verdict | undefined {
  if (iss === issuer) return undefined;
  return {
    severity: 'error',
    looked: 'iss',
    found: `${String(iss)}, but services expect ${issuer}`,
    mend: 'fetch the token by the name that services use (inside the cluster), or give Keycloak one --hostname',
  };
}

function alive({ exp }: Claims, now: number): Verdict | undefined {
  if (typeof exp === 'number' && exp > now) return undefined;
  const found = typeof exp === 'number' ? `expired ${now - exp} s ago` : 'missing';
  return {
    severity: 'error',
    looked: 'exp',
    found,
    mend: 'fetch a new token; Keycloak’s access tokens live 5 minutes by default',
  };
}

function audience(claims: Claims, expected: string | undefined): Verdict | undefined {
  const audiences = audiencesOf(claims);
  if (expected === undefined || audiences.includes(expected)) return undefined;
  const client = claims.azp ?? 'the client';
  return {
    severity: 'error',
    looked: 'aud',
    found: `[${audiences.join(', ')}] without ${expected}`,
    mend: `add an audience mapper: keyturn realm apply --target "client ${client}"`,
  };
}

function identity(claims: Claims, { identityClaim, subjects }: Facts): Verdict | undefined {
  if (subjects === undefined) return undefined;
  const value = claims[identityClaim];
  if (typeof value === 'string' && subjects.includes(value)) return undefined;
  const found = typeof value === 'string' ? `${value} is not in the list [${subjects.join(', ')}]` : 'missing';
  return {
    severity: 'error',
    looked: identityClaim,
    found,
    mend: 'add it to --agent-subjects or --reviewer-subjects, or set --oidc-identity-claim to a claim that the token has',
  };
}
