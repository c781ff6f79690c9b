import { after, days, epochSeconds, isId, ok, type Result, refuse, secondsOf } from '@keyturn/protocol';
import type { Caller } from '../../http/caller.ts';
import { actorOf } from '../../http/audit-actor.ts';
import { ownerOf } from './owner.ts';
import type { PatParts } from './parts.ts';
import type { Pat } from './pat.ts';
import type { PatRuleRefusal } from './refusals.ts';
import type { PatSelector } from './repository.ts';
import type { AdminRevoke } from './request.ts';
import type { NewRevocation } from './revocation-log.ts';

/** One of the caller's own. */
export async function revokePat(parts: PatParts, caller: Caller, id: string): Promise<Result<Pat, PatRuleRefusal>> {
  const owner = ownerOf(caller);
  if (!owner.ok) return owner;
  if (!isId('pat', id)) return refuse({ why: 'unknown-pat' });
  const [removed] = await parts.repository.remove({ owner: owner.value, id }, actorOf(caller.principal));
  return removed === undefined ? refuse({ why: 'unknown-pat' }) : ok(removed);
}

/** Every token of the caller's, and the grant that carries the reference tokens. */
export async function revokeAll(parts: PatParts, caller: Caller): Promise<Result<number, PatRuleRefusal>> {
  const owner = ownerOf(caller);
  if (!owner.ok) return owner;
  const removed = await parts.repository.remove({ owner: owner.value }, actorOf(caller.principal));
  await parts.issuers.reference?.grants.end(owner.value);
  return ok(removed.length);
}

/** An administrator's: tokens of a user, of a client, or all; with ordinary access tokens, if asked. */
export async function revokeFor(parts: PatParts, caller: Caller, issuer: string, body: AdminRevoke): Promise<number> {
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
  const removed = await parts.repository.remove(whose, actorOf(caller.principal), also);
  if ('owner' in whose) await parts.issuers.reference?.grants.end(whose.owner);
  return removed.length;
}
