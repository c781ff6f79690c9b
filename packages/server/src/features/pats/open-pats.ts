import type { GuardedFetch } from '@keyturn/net';
import { type Clock, days, type Random, seconds, after, secondsOf } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { PatSettings } from '../../config/pat.ts';
import type { ResolvedPat } from '../../config/resolve-pat.ts';
import type { Caller } from '../../http/caller.ts';
import type { PatPort } from '../../http/pat-port.ts';
import type { TokenEndpoint } from '../../http/token-endpoint.ts';
import type { Log } from '../../outside/log.ts';
import { announceEnds, type SendMail } from './announce.ts';
import { openPatBook } from './book.ts';
import { openPatDoor } from './door.ts';
import { type GivenGrant, openGrants } from './grants.ts';
import { followLogouts, type LogoutFollower } from './logged-out.ts';
import { createMemoryIssuer } from './memory-issuer.ts';
import { followOwners, type ReadOwner, readOwnersFromKeycloak } from './owners.ts';
import type { PatOwner } from './pat.ts';
import { openPatRepository } from './repository.ts';
import { openRevocationLog, revocationsChannel } from './revocation-log.ts';
import { concerns, followRevocations, type Revocations } from './revocations.ts';
import type { PatParts } from './parts.ts';
import { tellOfRunOut } from './run-out.ts';
import { createSeal } from '../../outside/seal.ts';
import { createSwap } from './swap.ts';

export interface PatsOptions {
  readonly resolved: ResolvedPat;
  readonly issuer: string;
  /** The client of the code flow, by which owners give their grants. */
  readonly login: TokenEndpoint | undefined;
  /** The client that narrows an owner's token to one audience. */
  readonly exchange: TokenEndpoint | undefined;
  readonly ownAudiences: ReadonlySet<string>;
  readonly grantUrl: (owner: PatOwner) => Promise<string>;
  /** Sends mails about tokens that end soon. */
  readonly send: SendMail | undefined;
  readonly publicUrl: string;
  readonly store: Store;
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Pats {
  readonly settings: PatSettings;
  readonly port: PatPort;
  readonly rules: PatParts;
  readonly revocations: Revocations;
  /** Takes over the grant that its owner has just given. */
  readonly keepGrant: (owner: PatOwner, answer: GivenGrant) => Promise<void>;
  /** What a logout at the identity provider means for tokens. */
  readonly loggedOut: LogoutFollower['loggedOut'];
  /** What the identity provider says of a user now; undefined where no client may read users. */
  readonly readOwner: ReadOwner | undefined;
  /** Told of everybody whose streams must end, once this replica has taken the revocation in. */
  readonly onEnded: (listener: (concerned: (caller: Caller) => boolean) => void) => void;
  /** Begins to follow the log; rejects if it cannot be read. */
  readonly start: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Builds the feature from its parts: the table, the log that every replica follows, the issuers, the door. */
export function openPats(options: PatsOptions): Pats {
  const { resolved, store, fetch, clock, random, log } = options;
  const { settings } = resolved;
  const interval = seconds(settings.ownerInterval);
  const warn = (facts: object, sentence: string): void => log.warn(facts, sentence);
  const revocationLog = openRevocationLog(store);
  const revocations = followRevocations(revocationLog, clock);
  const repository = openPatRepository(store, revocationLog, clock);
  const book = openPatBook({ repository, revocations, clock });

  const jwt: TokenEndpoint | undefined =
    resolved.jwt === undefined ? undefined : { ...resolved.jwt, tokenEndpoint: resolved.jwt.tokenUrl, fetch, clock };
  const { readerClientId, readerClientSecret } = settings;
  const reader: TokenEndpoint | undefined =
    jwt === undefined || readerClientId === undefined
      ? undefined
      : { ...jwt, clientId: readerClientId, clientSecret: readerClientSecret };
  if (jwt !== undefined && reader === undefined) {
    log.warn({}, 'pat.readerClientId is not set: jwt tokens of disabled and deleted users work until they are revoked');
  }
  const readOwner = reader === undefined ? undefined : readOwnersFromKeycloak(reader);
  const owners =
    readOwner === undefined
      ? undefined
      : followOwners({ store, log: revocationLog, read: readOwner, clock, interval, warn });
  const { login } = options;
  // The tokens stay in the table: a user who is enabled again, or gives a new grant, has them back.
  const grantEnded = async (owner: PatOwner): Promise<void> => {
    const theirs = (await repository.list(owner)).filter((pat) => pat.kind === 'reference');
    const until = after(secondsOf(clock()), days(1));
    await store.transaction((tx) =>
      revocationLog.append(
        tx,
        clock(),
        theirs.map(({ id }) => ({ revocation: { kind: 'pat', value: id }, pat: id, until })),
      ),
    );
  };
  const grants =
    resolved.sealKeys === undefined || login === undefined
      ? undefined
      : openGrants({
          store,
          seal: createSeal(resolved.sealKeys, random),
          client: login,
          random,
          clock,
          interval,
          ended: grantEnded,
        });
  const swap =
    grants === undefined
      ? undefined
      : createSwap({
          grants,
          exchange: options.exchange,
          ownAudiences: options.ownAudiences,
          store,
          log: revocationLog,
          clock,
          interval,
          warn,
        });
  const memory =
    resolved.memoryKey === undefined
      ? undefined
      : createMemoryIssuer({ signingKey: resolved.memoryKey, clock, random });
  if (memory !== undefined) {
    log.warn({}, 'personal access tokens are made by the memory issuer (HS256), which is for development only');
  }

  const listeners: ((concerned: (caller: Caller) => boolean) => void)[] = [];
  revocations.onRevoked((entry) => {
    const { kind, value } = entry.revocation;
    const ofPat = entry.pat;
    const concerned = (pat: { readonly id: string; readonly owner: PatOwner }): boolean =>
      ofPat === undefined ? kind === 'all' || (kind === 'sub' && pat.owner.subject === value) : pat.id === ofPat;
    book.forget(concerned);
    grants?.forget();
    // A swapped token that is named itself has been dropped where it was handed out.
    if (kind !== 'jti' || ofPat !== undefined) swap?.dropAll(concerned, ofPat !== undefined);
    if (kind === 'sid') {
      swap?.dropSession(value);
      // What is swapped in the same second cannot be told from what was issued before the end.
      setTimeout(() => swap?.dropSession(value), 1500).unref();
    }
    // A personal access token outlives the session that it names, and so does what was opened with it.
    const ends = ({ principal, pat }: Caller): boolean =>
      (pat === undefined || kind !== 'sid') && concerns(entry, { principal, pat: pat?.id });
    for (const tell of listeners) tell(ends);
  });
  const logouts = followLogouts({
    store,
    log: revocationLog,
    grants:
      grants === undefined
        ? undefined
        : {
            reread: grants.reread,
            async end(owner) {
              await grants.end(owner);
              await grantEnded(owner);
            },
          },
    owners,
    clock,
    warn,
  });

  const timers: NodeJS.Timeout[] = [];
  const every = (milliseconds: number, what: string, action: () => Promise<unknown>): void => {
    const run = (): void => void action().catch((error: unknown) => warn({ error: String(error) }, `${what} failed`));
    timers.push(setInterval(run, milliseconds).unref());
  };

  return {
    settings,
    revocations,
    rules: {
      repository,
      clock,
      random,
      policy: { ...settings, kind: resolved.kind },
      issuers: {
        reference: grants === undefined ? undefined : { grants, grantUrl: options.grantUrl },
        jwt,
        memory,
      },
    },
    port: openPatDoor({
      issuer: options.issuer,
      jwtClient: jwt?.clientId,
      book,
      revocations,
      swap,
      grantClient: grants === undefined ? undefined : login?.clientId,
      memory,
      owners,
      clock,
    }),
    loggedOut: logouts.loggedOut,
    readOwner,
    keepGrant: async (owner, answer) => grants?.keep(owner, answer),
    onEnded: (listener) => void listeners.push(listener),
    async start() {
      const hear = (): void => void revocations.catchUp().catch(() => undefined);
      await store.listen(revocationsChannel, hear, revocations.catchUp);
      await revocations.catchUp();
      // A failure shows in what it brings about: readiness, and refused tokens. Twice a second would fill the log.
      every(500, 'following the revocations', () => revocations.catchUp().catch(() => undefined));
      every(15_000, 'noting the last uses', book.flushUses);
      every(5000, 'telling of what has run out', () => tellOfRunOut(store, revocationLog, clock()));
      every(3_600_000, 'refreshing grants', async () => grants?.keepAlive(seconds(settings.grantIdle)));
      every(3_600_000, 'forgetting old revocations', async () => {
        revocations.forget(secondsOf(clock()));
        await revocationLog.prune(secondsOf(clock()));
      });
      const { send, publicUrl } = options;
      const before = seconds(settings.announceBefore);
      every(600_000, 'announcing ends', () => announceEnds({ repository, clock, before, send, publicUrl, log }));
    },
    async close() {
      for (const timer of timers) clearInterval(timer);
      logouts.close();
      await book.flushUses().catch(() => undefined);
    },
  };
}
