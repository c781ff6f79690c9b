import { hash } from 'node:crypto';
import {
  after,
  type Clock,
  days,
  type EpochSeconds,
  epochSeconds,
  isId,
  newId,
  ok,
  type Random,
  type Result,
  refuse,
  seconds,
  secondsOf,
  unreachable,
} from '@keyturn/protocol';
import type { Caller, PatLimits } from '../../http/caller.ts';
import type { TokenEndpoint } from '../../http/token-endpoint.ts';
import type { Grants } from './grants.ts';
import { issueJwt } from './jwt-issuer.ts';
import type { MemoryIssuer } from './memory-issuer.ts';
import type { Pat, PatKind, PatOwner } from './pat.ts';
import { newReferenceToken } from './reference-token.ts';
import type { PatRuleRefusal } from './refusals.ts';
import type { PatRepository, PatSelector } from './repository.ts';
import type { AdminRevoke, NewPat } from './request.ts';
import type { NewRevocation } from './revocation-log.ts';

export interface PatParts {
  readonly repository: PatRepository;
  readonly clock: Clock;
  readonly random: Random;
  readonly policy: PatPolicy;
  /** Which kinds can be made here: those whose part is given. */
  readonly issuers: {
    readonly reference:
      | { readonly grants: Grants; readonly grantUrl: (owner: PatOwner) => Promise<string> }
      | undefined;
    readonly jwt: TokenEndpoint | undefined;
    readonly memory: MemoryIssuer | undefined;
  };
}

/** Seconds, and how many. */
export interface PatPolicy {
  readonly kind: PatKind;
  readonly defaultLifetime: number;
  readonly maxLifetime: number;
  readonly defaultOverlap: number;
  readonly maxOverlap: number;
  readonly maxPerOwner: number;
}

/** A token as it is handed out: the only moment at which its text exists outside its holder. */
export interface HandedOut {
  readonly pat: Pat;
  readonly token: string;
}

export function kindsOf({ issuers }: PatParts): readonly PatKind[] {
  return (['reference', 'jwt', 'memory'] as const).filter((kind) => issuers[kind] !== undefined);
}

/** The owner of the tokens that a caller may see and change. */
export function ownerOf(caller: Caller): Result<PatOwner, PatRuleRefusal> {
  const { issuer, subject } = caller.principal;
  return subject === undefined ? refuse({ why: 'no-subject' }) : ok({ issuer, subject });
}

export async function createPat(
  parts: PatParts,
  caller: Caller,
  body: NewPat,
): Promise<Result<HandedOut, PatRuleRefusal>> {
  const { repository, policy, clock } = parts;
  if (caller.pat !== undefined) return refuse({ why: 'made-by-pat' });
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
    createdAt: clock(),
    expiresAt: issued.value.expiresAt,
    lastUsedAt: undefined,
    lastAddress: undefined,
    former: undefined,
  };
  // Two of one name race for the constraint, and one loses here.
  return (await repository.insert(pat)) ? ok({ pat, token }) : refuse({ why: 'name-taken', name: body.name });
}

/** Gives the token a new secret. The old one works for the overlap; of two old ones, the older ends at once. */
export async function rotatePat(
  parts: PatParts,
  caller: Caller,
  id: string,
  overlap: number = parts.policy.defaultOverlap,
): Promise<Result<HandedOut, PatRuleRefusal>> {
  if (caller.pat !== undefined) return refuse({ why: 'made-by-pat' });
  if (overlap > parts.policy.maxOverlap) return refuse({ why: 'overlap-too-long', limit: parts.policy.maxOverlap });
  const found = await findPat(parts, caller, id);
  if (!found.ok) return found;
  const pat = found.value;
  const now = secondsOf(parts.clock());
  // As long as it was given at first, from now on: within what policy allows today.
  const life = Math.min(pat.expiresAt - secondsOf(pat.createdAt), parts.policy.maxLifetime);
  const issued = await issue(parts, caller, pat.owner, pat.kind, pat.limits, after(now, seconds(life)));
  if (!issued.ok) return issued;
  const until = epochSeconds(Math.min(now + overlap, pat.expiresAt));
  const former = overlap === 0 ? undefined : { hash: pat.hash, jti: pat.jti, until };
  const next = {
    hash: hash('sha256', issued.value.token),
    jti: issued.value.jti,
    expiresAt: issued.value.expiresAt,
    former,
  };
  const ends = endedBy(pat, former !== undefined, now);
  if (!(await parts.repository.rotate(pat, next, ends))) return refuse({ why: 'unknown-pat' });
  return ok({ pat: { ...pat, ...next }, token: issued.value.token });
}

export async function renamePat(
  parts: PatParts,
  caller: Caller,
  id: string,
  name: string,
): Promise<Result<Pat, PatRuleRefusal>> {
  if (caller.pat !== undefined) return refuse({ why: 'made-by-pat' });
  const found = await findPat(parts, caller, id);
  if (!found.ok) return found;
  const done = await parts.repository.rename(found.value.owner, found.value.id, name);
  if (done === 'taken') return refuse({ why: 'name-taken', name });
  return done === 'renamed' ? ok({ ...found.value, name }) : refuse({ why: 'unknown-pat' });
}

export async function revokePat(parts: PatParts, caller: Caller, id: string): Promise<Result<Pat, PatRuleRefusal>> {
  const owner = ownerOf(caller);
  if (!owner.ok) return owner;
  if (!isId('pat', id)) return refuse({ why: 'unknown-pat' });
  const [removed] = await parts.repository.remove({ owner: owner.value, id });
  return removed === undefined ? refuse({ why: 'unknown-pat' }) : ok(removed);
}

/** Every token of the caller's, and the grant that carries the reference tokens. */
export async function revokeAll(parts: PatParts, caller: Caller): Promise<Result<number, PatRuleRefusal>> {
  const owner = ownerOf(caller);
  if (!owner.ok) return owner;
  const removed = await parts.repository.remove({ owner: owner.value });
  await parts.issuers.reference?.grants.end(owner.value);
  return ok(removed.length);
}

/** An administrator's: tokens of a user, of a client, or all; with ordinary access tokens, if asked. */
export async function revokeFor(parts: PatParts, issuer: string, body: AdminRevoke): Promise<number> {
  const now = secondsOf(parts.clock());
  const whose: PatSelector =
    body.user !== undefined
      ? { owner: { issuer, subject: body.user } }
      : body.client !== undefined
        ? { client: body.client }
        : { everything: true };
  const kind = body.user !== undefined ? 'sub' : body.client !== undefined ? 'client' : 'all';
  // A second is all that `iat` tells apart: what was issued in this one is meant too.
  const before = epochSeconds(now + 1);
  const also: readonly NewRevocation[] = body.access_tokens
    ? [{ revocation: { kind, value: body.user ?? body.client ?? '', issuer, before }, until: after(now, days(366)) }]
    : [];
  const removed = await parts.repository.remove(whose, also);
  if ('owner' in whose) await parts.issuers.reference?.grants.end(whose.owner);
  return removed.length;
}

export async function findPat(parts: PatParts, caller: Caller, id: string): Promise<Result<Pat, PatRuleRefusal>> {
  const owner = ownerOf(caller);
  if (!owner.ok) return owner;
  const pat = isId('pat', id) ? await parts.repository.byId(owner.value, id) : undefined;
  return pat === undefined ? refuse({ why: 'unknown-pat' }) : ok(pat);
}

/** Whoever may write any address into a profile could have others mailed. */
function emailOf({ principal }: Caller): string | undefined {
  const { email, email_verified: verified } = principal.claims;
  return typeof email === 'string' && verified === true ? email : undefined;
}

interface Issued {
  readonly token: string;
  readonly jti: string | undefined;
  readonly expiresAt: EpochSeconds;
}

async function issue(
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

function expiryOf(parts: PatParts, body: NewPat): Result<EpochSeconds, PatRuleRefusal> {
  const { policy, clock } = parts;
  const now = secondsOf(clock());
  const at =
    body.expires_at === undefined
      ? now + (body.expires_in ?? Math.min(policy.defaultLifetime, policy.maxLifetime))
      : Math.floor(Date.parse(body.expires_at) / 1000);
  if (at < now + 60) return refuse({ why: 'in-the-past' });
  return at - now > policy.maxLifetime ? refuse({ why: 'too-long', limit: policy.maxLifetime }) : ok(epochSeconds(at));
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
    ...(pat.former?.jti === undefined ? [] : [entry(pat.former.jti, pat.former.until)]),
    ...(overlaps || pat.jti === undefined ? [] : [entry(pat.jti, pat.expiresAt)]),
  ];
}
