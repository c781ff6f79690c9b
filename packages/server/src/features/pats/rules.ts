import { hash } from 'node:crypto';
import {
  after,
  days,
  type EpochSeconds,
  epochSeconds,
  newId,
  ok,
  type Result,
  refuse,
  seconds,
  secondsOf,
} from '@keyturn/protocol';
import { type Caller, isSwappedAlone, type PatLimits } from '../../http/caller.ts';
import { actorOf } from '../../http/audit-actor.ts';
import { expiryOf, issue } from './issue.ts';
import { findPat, ownerOf } from './owner.ts';
import type { PatParts } from './parts.ts';
import { longestLifeOf, type Pat } from './pat.ts';
import type { PatRuleRefusal } from './refusals.ts';
import type { NewPat } from './request.ts';
import type { NewRevocation } from './revocation-log.ts';

/** A token as it is handed out: the only moment at which its text exists outside its holder. */
export interface HandedOut {
  readonly pat: Pat;
  readonly token: string;
}

export async function createPat(
  parts: PatParts,
  caller: Caller,
  body: NewPat,
): Promise<Result<HandedOut, PatRuleRefusal>> {
  const { repository, policy, clock } = parts;
  if (isByPat(caller)) return refuse({ why: 'made-by-pat' });
  const owner = ownerOf(caller);
  if (!owner.ok) return owner;
  const expiresAt = expiryOf(parts, body);
  if (!expiresAt.ok) return expiresAt;
  const theirs = await repository.list(owner.value);
  // Looked at first, so that the identity provider is not asked for a token that would be thrown away.
  if (theirs.some((pat) => pat.name === body.name)) return refuse({ why: 'name-taken', name: body.name });
  if (theirs.length >= policy.maxPerOwner) return refuse({ why: 'too-many', limit: policy.maxPerOwner });
  const kind = body.kind ?? policy.kind;
  const issued = await issue(parts, caller, owner.value, kind, limitsOf(body), expiresAt.value);
  if (!issued.ok) return issued;
  const { token, jti } = issued.value;
  const createdAt = clock();
  const pat: Pat = {
    id: newId('pat', parts.random),
    kind,
    owner: owner.value,
    name: body.name,
    hash: hash('sha256', token),
    jti,
    limits: limitsOf(body),
    client: caller.principal.client,
    email: emailOf(caller),
    createdAt,
    issuedAt: createdAt,
    expiresAt: issued.value.expiresAt,
    lastUsedAt: undefined,
    lastAddress: undefined,
    former: undefined,
  };
  // Two race for a name or for the last place, and one loses here.
  const stored = await repository.insert(pat, actorOf(caller.principal), policy.maxPerOwner);
  if (stored === 'too-many') return refuse({ why: 'too-many', limit: policy.maxPerOwner });
  return stored === 'stored' ? ok({ pat, token }) : refuse({ why: 'name-taken', name: body.name });
}

/** Gives the token a new secret. The old one works for the overlap; of two old ones, the older ends at once. */
export async function rotatePat(
  parts: PatParts,
  caller: Caller,
  id: string,
  overlap: number = parts.policy.defaultOverlap,
): Promise<Result<HandedOut, PatRuleRefusal>> {
  if (isByPat(caller)) return refuse({ why: 'made-by-pat' });
  if (overlap > parts.policy.maxOverlap) return refuse({ why: 'overlap-too-long', limit: parts.policy.maxOverlap });
  const found = await findPat(parts, caller, id);
  if (!found.ok) return found;
  const pat = found.value;
  const issuedAt = parts.clock();
  const now = secondsOf(issuedAt);
  // As long as it was given at first, from now on: within what policy allows today.
  const life = Math.min(pat.expiresAt - secondsOf(pat.issuedAt), parts.policy.maxLifetime);
  const issued = await issue(parts, caller, pat.owner, pat.kind, pat.limits, after(now, seconds(life)));
  if (!issued.ok) return issued;
  const until = epochSeconds(Math.min(now + overlap, pat.expiresAt));
  const former = overlap === 0 ? undefined : { hash: pat.hash, jti: pat.jti, until };
  const next = {
    hash: hash('sha256', issued.value.token),
    jti: issued.value.jti,
    issuedAt,
    expiresAt: issued.value.expiresAt,
    former,
  };
  const ends = endedBy(pat, former !== undefined, now);
  if (!(await parts.repository.rotate(pat, next, ends, actorOf(caller.principal))))
    return refuse({ why: 'unknown-pat' });
  return ok({ pat: { ...pat, ...next }, token: issued.value.token });
}

export async function renamePat(
  parts: PatParts,
  caller: Caller,
  id: string,
  name: string,
): Promise<Result<Pat, PatRuleRefusal>> {
  if (isByPat(caller)) return refuse({ why: 'made-by-pat' });
  const found = await findPat(parts, caller, id);
  if (!found.ok) return found;
  const done = await parts.repository.rename(found.value.owner, found.value.id, name, actorOf(caller.principal));
  if (done === 'taken') return refuse({ why: 'name-taken', name });
  return done === 'renamed' ? ok({ ...found.value, name }) : refuse({ why: 'unknown-pat' });
}

/** A personal access token, or what one was swapped for: whoever is shown that by the edge must not make a token of it. */
function isByPat(caller: Caller): boolean {
  return caller.pat !== undefined || isSwappedAlone(caller);
}

/** What a rotation ends at once: the secret before the last, and the last too if there is no overlap. */
function endedBy(pat: Pat, overlaps: boolean, now: EpochSeconds): readonly NewRevocation[] {
  const entry = (value: string, until: EpochSeconds): NewRevocation => ({
    revocation: { kind: 'jti', value, issuer: pat.owner.issuer },
    pat: pat.id,
    until,
  });
  return [
    // Ends nothing, but has every replica look at the token again, so that none accepts the old secret past the overlap.
    entry(`${pat.id}:rotated`, after(now, days(1))),
    ...(pat.former?.jti === undefined ? [] : [entry(pat.former.jti, longestLifeOf(pat))]),
    ...(overlaps || pat.jti === undefined ? [] : [entry(pat.jti, longestLifeOf(pat))]),
  ];
}

function limitsOf(body: NewPat): PatLimits {
  return {
    audiences: body.audiences,
    scopes: body.scopes,
    tools: body.tools,
    sourceCidrs: body.source_cidrs,
    readOnly: body.read_only,
    mayApprove: body.may_approve,
  };
}

/** Whoever may write any address into a profile could have others mailed. */
function emailOf({ principal }: Caller): string | undefined {
  const { email, email_verified: verified } = principal.claims;
  return typeof email === 'string' && verified === true ? email : undefined;
}
