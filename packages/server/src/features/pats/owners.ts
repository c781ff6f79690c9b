import type { GuardedFetch } from '@keyturn/net';
import {
  type Clock,
  type EpochSeconds,
  epochSeconds,
  grantTypes,
  isJsonObject,
  type Json,
  type Result,
  ok,
  refuse,
  type Seconds,
  secondsOf,
  days,
  after,
} from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import { askTokenEndpoint, type TokenEndpoint } from '../../http/token-endpoint.ts';
import type { PatOwner } from './pat.ts';
import type { RevocationLog } from './revocation-log.ts';
import { type OwnerStanding, ownerStandingOf } from './rows.ts';
import type { PatTables } from './tables.ts';

/** What the identity provider says of a user now, or why it could not be asked. */
export type ReadOwner = (owner: PatOwner) => Promise<Result<Omit<OwnerStanding, 'readAt'>, string>>;

/**
 * Reads users from Keycloak's admin API by a client's service account, which needs the role `view-users` of
 * `realm-management`. Keycloak sends no word when a user is disabled or deleted (keycloak/keycloak#37981), so it is asked.
 */
export function readOwnersFromKeycloak(client: TokenEndpoint & { readonly fetch: GuardedFetch }): ReadOwner {
  const [, base = '', realm = ''] = /^(.*)\/realms\/([^/]+)\/protocol\//.exec(client.tokenEndpoint) ?? [];
  let held: { readonly token: string; readonly until: number } | undefined;
  return async (owner) => {
    if (held === undefined || client.clock() >= held.until) {
      const issued = await askTokenEndpoint(client, [['grant_type', grantTypes.clientCredentials]]);
      if (!issued.ok) return refuse(`${client.clientId} got no token of its own: ${issued.refusal.why}`);
      held = { token: issued.value.token, until: ((issued.value.expiresAt ?? 0) - 10) * 1000 };
    }
    const path = `${base}/admin/realms/${realm}/users/${encodeURIComponent(owner.subject)}`;
    const request = { headers: { authorization: `Bearer ${held.token}`, accept: 'application/json' } };
    const answer = await client.fetch(path, request);
    if (!answer.ok) return refuse(`the admin API does not answer: ${answer.refusal.why}`);
    if (answer.value.status === 404) return ok({ state: 'gone', notBefore: epochSeconds(0), realmRoles: undefined });
    if (answer.value.status === 401) held = undefined;
    const user = answer.value.status === 200 ? parse(answer.value.text()) : undefined;
    if (!isJsonObject(user)) {
      return refuse(
        `the admin API answered ${answer.value.status}: give the service account of ${client.clientId} the role view-users of realm-management`,
      );
    }
    const notBefore = typeof user['notBefore'] === 'number' ? user['notBefore'] : 0;
    const roles = await client.fetch(`${path}/role-mappings/realm/composite`, request);
    return ok({
      state: user['enabled'] === false ? 'disabled' : 'active',
      notBefore: epochSeconds(notBefore),
      realmRoles: roles.ok && roles.value.status === 200 ? namesIn(parse(roles.value.text())) : undefined,
    });
  };
}

/** Keeps what is known of users fresh: asked again when a token of theirs is used and the last answer is old. */
export interface Owners {
  /**
   * Asks again if what is known is older than the interval. One question a user, whoever asks; what has changed is told
   * to every replica. Resolves when it is known, never rejects, and says whether anybody was asked.
   */
  readonly reread: (owner: PatOwner, known: OwnerStanding | undefined) => Promise<boolean>;
  /** Asks again however lately it did, if anything is known of the owner. */
  readonly rereadNow: (owner: PatOwner) => Promise<void>;
}

export function followOwners(parts: {
  readonly store: Store;
  readonly log: RevocationLog;
  readonly read: ReadOwner;
  readonly clock: Clock;
  readonly interval: Seconds;
  readonly warn: (facts: object, sentence: string) => void;
}): Owners {
  const { store, log, read, clock, interval, warn } = parts;
  const asking = new Map<string, Promise<void>>();
  const tried = new Map<string, number>();
  let warnedAt = 0;

  const ask = async (owner: PatOwner, known: OwnerStanding | undefined): Promise<void> => {
    const answer = await read(owner);
    const now = clock();
    if (!answer.ok) {
      // What was known stays: an identity provider that is down ends nobody's tokens.
      if (now - warnedAt > 60_000) {
        warnedAt = now;
        warn({ reason: answer.refusal }, 'users cannot be re-read, so that a disabled user’s tokens work on');
      }
      return;
    }
    const { state, notBefore, realmRoles } = answer.value;
    const worse = (state !== 'active' && known?.state !== state) || notBefore > (known?.notBefore ?? 0);
    await store.transaction(async (tx) => {
      const roles = realmRoles === undefined ? null : JSON.stringify(realmRoles);
      const row = { state, not_before: notBefore, read_at: now, realm_roles: roles };
      await tx.db
        .withTables<PatTables>()
        .insertInto('pats_owner')
        .values({ ...owner, ...row })
        .onConflict((conflict) => conflict.columns(['issuer', 'subject']).doUpdateSet(row))
        .execute();
      const changed = known !== undefined && !isSameList(known.realmRoles, realmRoles);
      if (!worse && !changed) return;
      const second = secondsOf(now);
      // Of roles that have changed it says nothing to verifiers, but has every replica look at this user's tokens again.
      const before: EpochSeconds = !worse ? epochSeconds(0) : state === 'active' ? notBefore : epochSeconds(second + 1);
      const revocation = { kind: 'sub', value: owner.subject, issuer: owner.issuer, before } as const;
      await log.append(tx, now, [{ revocation, until: after(second, days(366)) }]);
      if (!worse) return;
      tx.audit({
        kind: 'pat.owner',
        actor: { identity: 'keyturn' },
        action: state === 'active' ? 'logged-out' : state,
        target: owner.subject,
        outcome: 'allowed',
      });
    });
  };

  const askOnce = async (owner: PatOwner, known: OwnerStanding | undefined): Promise<void> => {
    const key = keyOf(owner);
    const under =
      asking.get(key) ??
      ask(owner, known)
        .catch((error: unknown) => warn({ error: String(error) }, 'users cannot be re-read'))
        .finally(() => asking.delete(key));
    asking.set(key, under);
    if (tried.size > 10_000) tried.clear();
    tried.set(key, clock());
    await under;
  };

  return {
    async reread(owner, known) {
      // An answer that could not be had is not asked for again sooner either.
      const lately = Math.max(known?.readAt ?? 0, tried.get(keyOf(owner)) ?? 0);
      // One that is under way is waited for: whoever comes second knows no more than the first.
      if (!asking.has(keyOf(owner)) && clock() - lately < interval * 1000) return false;
      await askOnce(owner, known);
      return true;
    },
    async rereadNow(owner) {
      const row = await store.db
        .withTables<PatTables>()
        .selectFrom('pats_owner')
        .selectAll()
        .where('issuer', '=', owner.issuer)
        .where('subject', '=', owner.subject)
        .executeTakeFirst();
      // Of whom nothing is known, no token is in use; whoever uses one is looked at then.
      if (row !== undefined) await askOnce(owner, ownerStandingOf(row));
    },
  };
}

function keyOf(owner: PatOwner): string {
  return `${owner.issuer}\n${owner.subject}`;
}

function isSameList(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  return one?.length === other?.length && (one ?? []).every((name) => other?.includes(name) === true);
}

function namesIn(roles: Json | undefined): readonly string[] {
  if (!Array.isArray(roles)) return [];
  return roles.flatMap((role: Json) => (isJsonObject(role) && typeof role['name'] === 'string' ? [role['name']] : []));
}

function parse(text: string): Json | undefined {
  try {
    // JSON.parse gives nothing but JSON.
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
