import {
  type Clock,
  type EpochMilliseconds,
  type EpochSeconds,
  epochMilliseconds,
  epochSeconds,
  type JsonObject,
  newId,
  ok,
  type Principal,
  type Random,
  type Result,
  refuse,
  secondsOf,
} from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { SessionRefusal } from '../../http/refusals.ts';
import type { Log } from '../../outside/log.ts';
import type { LoginClient, LoginTokens } from './client.ts';
import type { Session, SessionId, SessionOwner } from './session.ts';
import type { RefreshedTokens, SessionRepository, SessionsOf } from './session-repository.ts';

/** What a login or a refresh says of its user: claims of ID token and userinfo, and the access token's own. */
export interface SignedIn {
  readonly issuer: string;
  readonly subject: string;
  readonly on: 'login' | 'refresh';
  readonly claims: JsonObject;
  /** Whether everything that could have told of groups has answered. */
  readonly complete: boolean;
  readonly principal: Principal;
}

export interface KeeperParts {
  readonly store: Store;
  readonly repository: SessionRepository;
  readonly client: LoginClient;
  /** Whether an access token is genuine and meant for Keyturn. */
  readonly verify: (accessToken: string) => Promise<Result<Principal, { readonly why: string }>>;
  /** Users and their groups, told of every login and refresh. */
  readonly signedIn: (facts: SignedIn) => Promise<{ readonly userId: string }>;
  /** Told of sessions that have been ended from here, so that what stems from them ends too. */
  readonly ended: (ended: {
    readonly issuer: string;
    readonly sessionId: string;
    readonly at: EpochSeconds;
  }) => Promise<void>;
  readonly limits: {
    /** Seconds. */
    readonly idle: number;
    readonly refresh: number;
    readonly most: number;
  };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface NewSession {
  readonly kind: Session['kind'];
  readonly owner: SessionOwner;
  readonly userId: string | undefined;
  readonly idpSession: string | undefined;
  readonly tokens: LoginTokens | undefined;
  /** Seconds. */
  readonly lifetime: number;
  readonly userAgent: string;
  readonly address: string;
  /** The secret of the session that the browser came with: it ends, so that nobody who planted it shares the new one. */
  readonly former: string | undefined;
  readonly requestId: string;
}

export interface SessionKeeper {
  /** A new session with a new secret, which is handed out once, here. */
  readonly begin: (wanted: NewSession) => Promise<{ readonly session: Session; readonly secret: string }>;
  /** The living session of a secret. */
  readonly find: (secret: string) => Promise<Session | undefined>;
  /** Its access token, refreshed if need be: one refresh at a time, whatever replica is asked. */
  readonly accessToken: (session: Session) => Promise<Result<string, SessionRefusal>>;
  readonly list: (owner: SessionOwner) => Promise<readonly Session[]>;
  /** Ends sessions here, and with `atIdp` those at the identity provider that carried them. */
  readonly end: (which: SessionsOf, why: EndReason) => Promise<readonly Session[]>;
  readonly prune: () => Promise<void>;
}

export interface EndReason {
  readonly action: 'logout' | 'logout-everywhere' | 'end' | 'backchannel-logout' | 'idp-ended';
  readonly by: string;
  readonly atIdp: boolean;
  readonly requestId?: string;
}

const leaseFor = 15_000;
const touchAfter = 60_000;
/** Access tokens are no longer used this long before they end, so that they outlive the call that they go on with. */
const margin = 10_000;

/** An ID token as it is sent with a logout, in the query: one that is longer than servers read there is left out. */
function hintOf(idToken: string | undefined): string | undefined {
  return idToken === undefined || idToken.length > 6000 ? undefined : idToken;
}

export function createSessionKeeper(parts: KeeperParts): SessionKeeper {
  const { store, repository, client, limits, clock, random, log } = parts;
  const asking = new Map<SessionId, Promise<Result<string, SessionRefusal>>>();

  const isOver = (session: Session, now: EpochMilliseconds): boolean =>
    now >= session.endsAt || now - session.lastUsedAt > limits.idle * 1000;
  const isGood = (session: Session, now: number): boolean => now < session.accessExpiresAt * 1000 - margin;

  const end: SessionKeeper['end'] = async (which, why) => {
    const ended = await store.transaction(async (tx) => {
      const sessions = await repository.end(tx, which);
      for (const session of sessions) {
        tx.audit({
          kind: 'login.session',
          actor: { identity: why.by, issuer: session.owner.issuer },
          onBehalfOf: { identity: session.owner.subject, issuer: session.owner.issuer },
          action: why.action,
          target: session.id,
          outcome: 'allowed',
          ...(why.requestId === undefined ? {} : { requestId: why.requestId }),
        });
      }
      return sessions;
    });
    if (why.action === 'logout' || why.action === 'logout-everywhere' || why.action === 'end') {
      for (const { idpSession, owner } of ended) {
        if (idpSession === undefined) continue;
        await parts.ended({ issuer: owner.issuer, sessionId: idpSession, at: secondsOf(clock()) });
      }
    }
    if (why.atIdp) {
      await Promise.all(
        ended.map(async ({ tokens, id }) => {
          if (tokens?.refresh === undefined) return;
          await client.endSession(tokens.refresh).catch((error: unknown) => {
            log.warn({ session: id, error: String(error) }, 'a session could not be ended at the identity provider');
          });
        }),
      );
    }
    return ended;
  };

  /** As the one who holds the lease. */
  const refresh = async (session: Session, lease: number): Promise<Result<string, SessionRefusal>> => {
    const { tokens, owner } = session;
    const answer =
      tokens?.refresh === undefined
        ? refuse({ why: 'denied', error: 'no_refresh_token', description: '' } as const)
        : await client.refresh(tokens.refresh, owner.subject);
    if (!answer.ok) {
      if (answer.refusal.why === 'unreachable') {
        await repository.refreshed(session.id, lease, undefined);
        return refuse({ why: 'session-unreachable', detail: answer.refusal.detail });
      }
      log.info({ session: session.id, refusal: answer.refusal }, 'a session has ended at the identity provider');
      await end({ ...owner, id: session.id }, { action: 'idp-ended', by: 'keyturn', atIdp: false });
      return refuse({ why: 'session-ended' });
    }
    const fresh = answer.value;
    const principal = await parts.verify(fresh.token);
    if (!principal.ok || principal.value.subject !== owner.subject) {
      const refusal = principal.ok ? { why: 'another-subject' } : principal.refusal;
      log.warn({ session: session.id, refusal }, 'the tokens of a refresh were refused, and the session ended');
      await end({ ...owner, id: session.id }, { action: 'idp-ended', by: 'keyturn', atIdp: false });
      return refuse({ why: 'session-ended' });
    }
    // Before the new tokens are in use: a group that is gone must be gone when they are.
    const { claims, complete } = fresh;
    await parts.signedIn({ ...owner, on: 'refresh', claims, complete, principal: principal.value });
    const change: RefreshedTokens = {
      tokens: {
        access: fresh.token,
        refresh: fresh.refreshToken ?? tokens?.refresh,
        id: hintOf(fresh.idToken) ?? tokens?.id,
      },
      accessExpiresAt: fresh.expiresAt,
      at: clock(),
    };
    const kept = await repository.refreshed(session.id, lease, change);
    return kept ? ok(fresh.token) : refuse({ why: 'session-ended' });
  };

  /** Refreshes, or waits for whoever does; a token that is still good is used if the refresh cannot be had now. */
  const obtain = async (first: Session): Promise<Result<string, SessionRefusal>> => {
    let session: Session | undefined = first;
    for (const until = clock() + leaseFor; clock() < until; ) {
      const now = clock();
      const good = isGood(session, now) ? session.tokens?.access : undefined;
      if (good !== undefined && now - session.refreshedAt < limits.refresh * 1000) return ok(good);
      if (session.leasedUntil <= now) {
        const lease = now + leaseFor;
        if (await repository.lease(session, lease)) {
          const refreshed = await refresh(session, lease);
          const isPassing = !refreshed.ok && refreshed.refusal.why === 'session-unreachable';
          return isPassing && good !== undefined ? ok(good) : refreshed;
        }
      } else if (good !== undefined) {
        return ok(good);
      } else {
        // Another replica is at it.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      session = await repository.byId(session.id);
      if (session === undefined) return refuse({ why: 'session-ended' });
    }
    return refuse({ why: 'session-unreachable', detail: 'another replica has been refreshing for too long' });
  };

  return {
    async begin(wanted) {
      const now = clock();
      const secret = Buffer.from(random(32)).toString('base64url');
      const { tokens, owner } = wanted;
      const session: Session = {
        id: newId('ses', random),
        kind: wanted.kind,
        owner,
        userId: wanted.userId,
        idpSession: wanted.idpSession,
        tokens:
          tokens === undefined
            ? undefined
            : { access: tokens.token, refresh: tokens.refreshToken, id: hintOf(tokens.idToken) },
        accessExpiresAt: tokens?.expiresAt ?? epochSeconds(0),
        createdAt: now,
        lastUsedAt: now,
        endsAt: epochMilliseconds(now + wanted.lifetime * 1000),
        refreshedAt: now,
        leasedUntil: 0,
        userAgent: wanted.userAgent.slice(0, 200).replaceAll(/\p{Cc}/gu, ''),
        address: wanted.address,
      };
      const former = wanted.former === undefined ? undefined : await repository.bySecret(wanted.former);
      const theirs = await repository.list(owner);
      const tooMany = theirs.slice(limits.most - 1);
      await store.transaction(async (tx) => {
        if (former !== undefined) await repository.end(tx, { issuer: former.owner.issuer, id: former.id });
        for (const { id } of tooMany) await repository.end(tx, { issuer: owner.issuer, id });
        await repository.insert(tx, session, secret);
        tx.audit({
          kind: 'login.session',
          actor: { identity: owner.subject, issuer: owner.issuer },
          action: wanted.kind === 'break-glass' ? 'break-glass' : 'login',
          target: session.id,
          outcome: 'allowed',
          requestId: wanted.requestId,
        });
      });
      return { session, secret };
    },
    async find(secret) {
      const session = await repository.bySecret(secret);
      const now = clock();
      if (session === undefined || isOver(session, now)) return undefined;
      if (now - session.lastUsedAt >= touchAfter) await repository.touch(session.id, now);
      return session;
    },
    async accessToken(session) {
      const now = clock();
      const { tokens } = session;
      if (tokens !== undefined && isGood(session, now) && now - session.refreshedAt < limits.refresh * 1000) {
        return ok(tokens.access);
      }
      const under = asking.get(session.id) ?? obtain(session).finally(() => asking.delete(session.id));
      asking.set(session.id, under);
      return await under;
    },
    list: repository.list,
    end,
    async prune() {
      const now = clock();
      await repository.prune(epochMilliseconds(now - limits.idle * 1000), now);
    },
  };
}
