import type { GuardedFetch } from '@keyturn/net';
import type { Clock, Principal, Random, Result } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { BreakGlassSettings } from '../../config/break-glass.ts';
import type { ResolvedLogin } from '../../config/resolve-login.ts';
import type { Bearer } from '../../http/bearer.ts';
import type { Caller, RolesOf } from '../../http/caller.ts';
import type { Frame } from '../../http/frame.ts';
import type { HouseRefusal } from '../../http/refusals.ts';
import type { SessionPort } from '../../http/session-port.ts';
import type { Log } from '../../outside/log.ts';
import type { Metrics } from '../../outside/metrics.ts';
import type { Seal } from '../../outside/seal.ts';
import { openAttempts } from './break-glass/attempts.ts';
import { localPrincipal, mountBreakGlass } from './break-glass/routes.ts';
import { createLoginClient } from './client.ts';
import { createCookies } from './cookies.ts';
import { createSessionDoor } from './door.ts';
import { type LoginIntent, openLoginFlows } from './flows.ts';
import { createSessionKeeper, type KeeperParts, type SignedIn } from './keeper.ts';
import { readProvider } from './provider.ts';
import { type LoginParts, mountLogin } from './routes.ts';
import { openSessionRepository } from './session-repository.ts';
import { mountSessions } from './session-routes.ts';

export interface LoginOptions {
  readonly resolved: ResolvedLogin;
  readonly breakGlass: BreakGlassSettings | undefined;
  readonly adminRole: string;
  readonly issuer: string;
  /** The issuer as Keyturn itself reaches it. */
  readonly backchannel: string;
  /** Without a trailing slash. */
  readonly publicUrl: string;
  readonly seal: Seal;
  /** The room "who" at the REST door. */
  readonly identify: (bearer: Bearer, address: string | undefined) => Promise<Result<Caller, HouseRefusal>>;
  readonly rolesOf: RolesOf;
  /** For access tokens of the login's client; `purpose` is `session` or another that was asked for. */
  readonly verify: (accessToken: string, purpose: string) => Promise<Result<Principal, { readonly why: string }>>;
  /** Users and their groups, told of every login and refresh. */
  readonly signedIn: (facts: SignedIn) => Promise<{ readonly userId: string }>;
  /** Told of sessions that have been ended from here: their access tokens are to end too. */
  readonly sessionEnded: KeeperParts['ended'];
  readonly purposes: LoginParts['purposes'];
  readonly store: Store;
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** What has ended at the identity provider, as its logout token says. */
export interface EndedThere {
  readonly issuer: string;
  readonly subject?: string | undefined;
  readonly sessionId?: string | undefined;
}

export interface Login {
  readonly port: SessionPort;
  /** Where a user is sent to log in for a purpose; the address works once. */
  readonly invitation: (intent: LoginIntent) => Promise<string>;
  readonly mount: (frame: Frame) => void;
  /** Ends the sessions that a back-channel logout is about: one by `sid`, all of a user by `sub`. */
  readonly ended: (ended: EndedThere) => Promise<void>;
  readonly close: () => void;
}

/** Builds the feature from its parts: the client, the sessions in the store, the door for cookies, break-glass. */
export function openLogin(options: LoginOptions): Login {
  const { resolved, issuer, publicUrl, store, fetch, clock, random, metrics, log, seal } = options;
  const { settings } = resolved;
  for (const warning of resolved.warnings) log.warn({}, warning);
  if (options.breakGlass !== undefined) {
    log.warn(
      { accounts: options.breakGlass.accounts.map(({ username }) => username) },
      'break-glass is on: these accounts may log in without the identity provider',
    );
  }
  const client = createLoginClient({
    clientId: settings.clientId,
    clientSecret: settings.clientSecret,
    provider: readProvider({
      issuer,
      backchannel: options.backchannel,
      authorizationEndpoint: settings.authorizationEndpoint,
      fetch,
      clock,
    }),
    fetch,
    clock,
  });
  const flows = openLoginFlows({ store, clock, random, seal });
  const cookies = createCookies(resolved.secure);
  const keeper = createSessionKeeper({
    store,
    repository: openSessionRepository(store, seal),
    client,
    verify: (token) => options.verify(token, 'session'),
    signedIn: options.signedIn,
    ended: options.sessionEnded,
    limits: { idle: settings.sessionIdle, refresh: settings.refreshInterval, most: settings.maxSessions },
    clock,
    random,
    log,
  });
  const door = createSessionDoor({
    keeper,
    cookies,
    publicUrl,
    identify: options.identify,
    rolesOf: options.rolesOf,
    local: (session) => localPrincipal(session, options.breakGlass, options.adminRole),
  });
  const attempts = openAttempts(store, clock);
  const pruning = setInterval(() => {
    Promise.all([flows.prune(), keeper.prune(), attempts.prune()]).catch((error: unknown) =>
      log.warn({ error: String(error) }, 'old logins could not be forgotten'),
    );
  }, 600_000).unref();

  return {
    port: door,
    invitation: async (intent) => `${publicUrl}/login/start?ticket=${await flows.invite(intent)}`,
    mount(frame) {
      mountLogin(frame, {
        flows,
        client,
        cookies,
        issuer,
        publicUrl,
        scopes: settings.scopes,
        verify: options.verify,
        async logIn({ subject, tokens, principal }, request) {
          const { userId } = await options.signedIn({
            issuer,
            subject,
            on: 'login',
            claims: tokens.claims,
            complete: true,
            principal,
          });
          const former = cookies.readOne(request.headers.cookie, 'session');
          const { secret } = await keeper.begin({
            kind: 'oidc',
            owner: { issuer, subject },
            userId,
            idpSession: principal.sessionId ?? textOf(tokens.claims['sid']),
            tokens,
            lifetime: settings.sessionMax,
            userAgent: request.headers['user-agent'] ?? '',
            address: request.ip,
            former,
            requestId: request.id,
          });
          return { cookie: cookies.set('session', secret, settings.sessionMax) };
        },
        random,
        log,
        count: metrics.login,
        purposes: options.purposes,
      });
      mountSessions(frame, {
        keeper,
        door,
        client,
        cookies,
        issuer,
        publicUrl,
        breakGlass: options.breakGlass !== undefined,
      });
      if (options.breakGlass === undefined) return;
      mountBreakGlass(frame, {
        settings: options.breakGlass,
        attempts,
        keeper,
        cookies,
        store,
        clock,
        log,
        publicUrl,
        count: metrics.breakGlass,
      });
    },
    async ended({ issuer: by, subject, sessionId }) {
      // With a `sid` only that session is over, whoever's it is (Back-Channel Logout 1.0 §2.7).
      const which = { issuer: by, ...(sessionId === undefined ? { subject } : { idpSession: sessionId }) };
      await keeper.end(which, { action: 'backchannel-logout', by, atIdp: false });
    },
    close: () => clearInterval(pruning),
  };
}

function textOf(claim: unknown): string | undefined {
  return typeof claim === 'string' ? claim : undefined;
}
