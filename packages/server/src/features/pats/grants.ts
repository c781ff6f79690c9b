import type { ExchangeRefusal } from '@keyturn/exchange';
import {
  type Clock,
  type EpochMilliseconds,
  type EpochSeconds,
  grantTypes,
  newId,
  ok,
  type Random,
  type Result,
  refuse,
  type Seconds,
} from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import { askTokenEndpoint, type TokenAnswer, type TokenEndpoint } from '../../http/token-endpoint.ts';
import type { PatOwner } from './pat.ts';
import type { Seal } from '../../outside/seal.ts';
import type { GrantRow, PatTables } from './tables.ts';

export type GrantRefusal =
  /** The owner has not given one. */
  | { readonly why: 'no-grant' }
  /** The identity provider no longer honours it: revoked, logged out everywhere, or the user is disabled or deleted. */
  | { readonly why: 'grant-ended'; readonly error: string; readonly description: string }
  | { readonly why: 'grant-unreachable'; readonly detail: string };

/** An access token of the owner, and when it was asked for: what it says was true then. */
export interface OwnerToken {
  readonly token: string;
  readonly expiresAt: EpochSeconds;
  readonly at: EpochMilliseconds;
}

/** What a login with `offline_access` gave. */
export type GivenGrant = Pick<TokenAnswer, 'token' | 'expiresAt' | 'refreshToken'>;

/**
 * Offline grants, one a user: what carries reference tokens. The refresh token is kept sealed, and so is the access token,
 * so that of all replicas one refreshes and the others read; two that refreshed at once would end the grant where the
 * realm rotates refresh tokens.
 */
export interface Grants {
  readonly keep: (owner: PatOwner, answer: GivenGrant) => Promise<void>;
  /** An access token that is at most `interval` old, so that what has changed for its owner shows. */
  readonly accessToken: (owner: PatOwner) => Promise<Result<OwnerToken, GrantRefusal>>;
  /** Asks the identity provider anew whether it still honours the grant, however lately it did. Nothing without one. */
  readonly reread: (owner: PatOwner) => Promise<void>;
  /** Forgets the access tokens at hand: what another replica has learnt of a grant stands in the database. */
  readonly forget: () => void;
  /** Ends the grant at the identity provider and forgets it. */
  readonly end: (owner: PatOwner) => Promise<void>;
  /** Refreshes what has lain still for `idle`, so that the offline session does not end of idleness. */
  readonly keepAlive: (idle: Seconds) => Promise<void>;
}

const leaseFor = 15_000;
const retryEndedAfter = 60_000;

export function openGrants(parts: {
  readonly store: Store;
  readonly seal: Seal;
  readonly client: TokenEndpoint;
  readonly random: Random;
  readonly clock: Clock;
  readonly interval: Seconds;
  /** Called when a grant is found ended, before the refusal is returned. */
  readonly ended: (owner: PatOwner) => Promise<void>;
}): Grants {
  const { store, seal, client, clock, random } = parts;
  const db = store.db.withTables<PatTables>();
  const held = new Map<string, OwnerToken>();
  // What was asked for before all was forgotten is not kept.
  let generation = 0;
  const asking = new Map<string, Promise<Result<OwnerToken, GrantRefusal>>>();
  const fresh = (token: OwnerToken, now: EpochMilliseconds): boolean =>
    now - token.at < parts.interval * 1000 && now < (token.expiresAt - 5) * 1000;

  const rowOf = (owner: PatOwner): Promise<GrantRow | undefined> =>
    db
      .selectFrom('pats_grant')
      .selectAll()
      .where('issuer', '=', owner.issuer)
      .where('subject', '=', owner.subject)
      .executeTakeFirst();

  const update = async (row: GrantRow, change: Partial<GrantRow>, leasedUntil: number): Promise<boolean> => {
    const done = await db
      .updateTable('pats_grant')
      .set(change)
      .where('issuer', '=', row.issuer)
      .where('subject', '=', row.subject)
      .where('generation', '=', row.generation)
      .where('leased_until', '=', leasedUntil)
      .executeTakeFirst();
    return done.numUpdatedRows === 1n;
  };

  const kept = (row: GrantRow): OwnerToken | undefined => {
    const token =
      row.sealed_access_token === null ? undefined : seal.open(row.sealed_access_token, contextOf(row, 'access'));
    // What this file wrote is read back as it was: epochs.
    return token === undefined
      ? undefined
      : { token, expiresAt: row.access_expires_at as EpochSeconds, at: row.refreshed_at as EpochMilliseconds };
  };

  /** Refreshes, as the one replica that holds the lease. */
  const refresh = async (owner: PatOwner, row: GrantRow, lease: number): Promise<Result<OwnerToken, GrantRefusal>> => {
    const refreshToken = seal.open(row.sealed_refresh_token, contextOf(owner, 'refresh'));
    // Sealed with a key that is no longer in the settings: as good as none.
    if (refreshToken === undefined) return refuse({ why: 'no-grant' });
    const at = clock();
    const answer = await askTokenEndpoint(client, [
      ['grant_type', grantTypes.refreshToken],
      ['refresh_token', refreshToken],
    ]);
    if (!answer.ok) {
      const refusal = readRefusal(answer.refusal);
      const ends = refusal.why === 'grant-ended';
      const change = ends
        ? { ended: `${refusal.error}\n${refusal.description}`, leased_until: clock() + retryEndedAfter }
        : { leased_until: 0 };
      await update(row, { ...change, sealed_access_token: null }, lease);
      if (ends && row.ended === null) await parts.ended(owner);
      return refuse(refusal);
    }
    const { token, expiresAt, refreshToken: next } = answer.value;
    const owned: OwnerToken = { token, expiresAt: expiresAt ?? (0 as EpochSeconds), at };
    await update(
      row,
      {
        sealed_refresh_token: seal.seal(next ?? refreshToken, contextOf(owner, 'refresh')),
        sealed_access_token: seal.seal(token, contextOf(owner, 'access')),
        access_expires_at: owned.expiresAt,
        refreshed_at: at,
        leased_until: 0,
        ended: null,
      },
      lease,
    );
    return ok(owned);
  };

  const obtain = async (owner: PatOwner): Promise<Result<OwnerToken, GrantRefusal>> => {
    for (const until = clock() + leaseFor; clock() < until; ) {
      const row = await rowOf(owner);
      if (row === undefined) return refuse({ why: 'no-grant' });
      const now = clock();
      const token = kept(row);
      if (token !== undefined && fresh(token, now)) return ok(token);
      if (row.leased_until > now) {
        if (row.ended !== null) {
          const [error = '', description = ''] = row.ended.split('\n');
          return refuse({ why: 'grant-ended', error, description });
        }
        // Another replica is at it.
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      const lease = now + leaseFor;
      if (await update(row, { leased_until: lease }, row.leased_until)) return refresh(owner, row, lease);
    }
    return refuse({ why: 'grant-unreachable', detail: 'another replica has been refreshing for too long' });
  };

  const accessToken: Grants['accessToken'] = async (owner) => {
    const key = keyOf(owner);
    const token = held.get(key);
    if (token !== undefined && fresh(token, clock())) return ok(token);
    const begun = generation;
    const under = asking.get(key) ?? obtain(owner).finally(() => asking.delete(key));
    asking.set(key, under);
    const obtained = await under;
    held.delete(key);
    if (obtained.ok && begun === generation) {
      if (held.size > 10_000) held.clear();
      held.set(key, obtained.value);
    }
    return obtained;
  };

  return {
    accessToken,
    async keep(owner, answer) {
      if (answer.refreshToken === undefined) throw new Error('a grant without a refresh token carries nothing');
      const row: GrantRow = {
        ...owner,
        generation: newId('gen', random),
        sealed_refresh_token: seal.seal(answer.refreshToken, contextOf(owner, 'refresh')),
        sealed_access_token: seal.seal(answer.token, contextOf(owner, 'access')),
        access_expires_at: answer.expiresAt ?? 0,
        refreshed_at: clock(),
        leased_until: 0,
        ended: null,
      };
      held.delete(keyOf(owner));
      await db
        .insertInto('pats_grant')
        .values(row)
        .onConflict((conflict) => conflict.columns(['issuer', 'subject']).doUpdateSet(row))
        .execute();
    },
    forget() {
      generation += 1;
      held.clear();
    },
    async reread(owner) {
      held.delete(keyOf(owner));
      // Put aside rather than removed: whoever has read the row a moment ago may use it for its last seconds.
      await db
        .updateTable('pats_grant')
        .set({ access_expires_at: 0 })
        .where('issuer', '=', owner.issuer)
        .where('subject', '=', owner.subject)
        .where('ended', 'is', null)
        .execute();
      await accessToken(owner);
    },
    async end(owner) {
      held.delete(keyOf(owner));
      const row = await db
        .deleteFrom('pats_grant')
        .where('issuer', '=', owner.issuer)
        .where('subject', '=', owner.subject)
        .returningAll()
        .executeTakeFirst();
      const token = row === undefined ? undefined : seal.open(row.sealed_refresh_token, contextOf(owner, 'refresh'));
      if (token !== undefined) await revokeAt(client, token);
    },
    async keepAlive(idle) {
      const still = await db
        .selectFrom('pats_grant')
        .select(['issuer', 'subject'])
        .where('refreshed_at', '<', clock() - idle * 1000)
        .where('ended', 'is', null)
        .limit(100)
        .execute();
      for (const owner of still) await accessToken(owner);
    },
  };
}

/** Tells the identity provider that a refresh token is no longer needed (RFC 7009). What it answers changes nothing here. */
async function revokeAt({ tokenEndpoint, clientId, clientSecret, fetch }: TokenEndpoint, token: string): Promise<void> {
  const body = new URLSearchParams({ token, token_type_hint: 'refresh_token', client_id: clientId });
  if (clientSecret !== undefined) body.set('client_secret', clientSecret);
  await fetch(tokenEndpoint.replace(/\/token$/, '/revoke'), {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: body.toString(),
  });
}

/** `invalid_grant` is the provider's last word on this grant; any other refusal is about us, and may pass. */
function readRefusal(refusal: ExchangeRefusal): GrantRefusal {
  if (refusal.why === 'refused' && refusal.error === 'invalid_grant') {
    return { why: 'grant-ended', error: refusal.error, description: refusal.description };
  }
  const detail = refusal.why === 'refused' ? `${refusal.error} ${refusal.description}` : refusal.why;
  return { why: 'grant-unreachable', detail };
}

function contextOf(owner: PatOwner, what: 'refresh' | 'access'): string {
  return `${what}\n${owner.issuer}\n${owner.subject}`;
}

function keyOf(owner: PatOwner): string {
  return `${owner.issuer}\n${owner.subject}`;
}
