import { createGuardedFetch, type Mail, type MailRefusal } from '@keyturn/net';
import {
  type Clock,
  epochMilliseconds,
  ok,
  type Random,
  type Result,
  refuse,
  type Seconds,
  seconds,
} from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { RequestsSettings } from '../../config/requests.ts';
import type { RolesOf } from '../../http/caller.ts';
import type { Frame } from '../../http/frame.ts';
import type { House } from '../../http/pass.ts';
import type { RoomParts, ToolOfAction } from '../../http/rooms.ts';
import type { Log } from '../../outside/log.ts';
import { type BookParts, openBook } from './book.ts';
import { type Gate, openGate } from './gate.ts';
import { openKeeper } from './keeper.ts';
import { messagesOf } from './messages.ts';
import { openOutbox } from './outbox.ts';
import { openPast } from './past.ts';
import type { Membership } from './membership.ts';
import { mountRequests } from './routes.ts';
import { openRequestRepository, type PartySelector } from './repository.ts';
import { type ReadPerson, rolesNowBy } from './roles-now.ts';
import { openSettled, type Settled } from './settled.ts';
import { openSubjects } from './subjects.ts';
import { mountWatches } from './watch-routes.ts';
import { openWatchHub } from './watch-hub.ts';

export interface RequestsParts {
  readonly settings: RequestsSettings;
  /** `auth.identityClaim`, where it is set. */
  readonly identityClaim: string | undefined;
  readonly store: Store;
  readonly decide: RoomParts<never, never>['decide'];
  /** The same for what was decided before, by policies of that version: it has been counted. */
  readonly decideAgain: BookParts['decideAgain'];
  /** Roles that Keyturn has assigned, beside those of a token. */
  readonly rolesOf: RolesOf;
  /** Undefined where no client may read users. */
  readonly readPerson: ReadPerson | undefined;
  /** Whose users can be read. */
  readonly issuer: string;
  readonly checkArguments: BookParts['checkArguments'];
  /** A tool as policies see it; undefined where it is gone. */
  readonly toolById: (id: string) => ToolOfAction | undefined;
  /** How long one call of ours may be under way at most. */
  readonly lease: Seconds;
  readonly publicUrl: string;
  readonly send: ((mail: Mail) => Promise<Result<unknown, MailRefusal>>) | undefined;
  /** Of the host: `subjectsFile` is read by it. */
  readonly readFile: (path: string) => Promise<string>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The feature: agents ask, people turn their keys, the gate lets exactly that call through once. */
export interface Requests {
  readonly gate: Gate;
  /** For doors that wait: what became of a request. */
  readonly settled: Settled;
  /** Voids what is pending or approved and concerns whoever is named: a revocation, a kill switch. */
  readonly voidAll: (selector: PartySelector, reason: string, message: string) => Promise<number>;
  /** What policies can be tried on: requests as they were judged. */
  readonly past: ReturnType<typeof openPast>;
  readonly mount: (frame: Frame, house: House, options: { adminRole: string }) => void;
  /** Refuses where the file of subject lists cannot be read: nobody starts without knowing who may. */
  readonly start: () => Promise<Result<undefined, { readonly path: string; readonly message: string }>>;
  readonly close: () => Promise<void>;
}

/** Milliseconds between looks for what time has overtaken. What is late counts as expired all the same. */
const sweepInterval = 1000;
/** Milliseconds between removals of what is older than requests.keepFor. */
const pruneInterval = 3_600_000;

export function openRequests(parts: RequestsParts): Requests {
  const { settings, store, clock, random, log } = parts;
  const warn = (facts: object, sentence: string): void => log.warn(facts, sentence);
  const report = (error: unknown): void => log.error({ error: String(error) }, 'requests: a broken part');
  const { webhookUrl, webhookSecret, webhookFormerSecret, subjectsFile } = settings;
  const secrets = [webhookSecret, webhookFormerSecret].filter((secret) => secret !== undefined);

  const plan = { webhookUrl, mailTo: settings.mailTo, publicUrl: parts.publicUrl, random };
  const repository = openRequestRepository(store, (before, next) => messagesOf(plan, before, next, clock()));
  const keeper = openKeeper(repository, clock);
  const subjects = openSubjects({
    store,
    settings,
    file: subjectsFile === undefined ? undefined : { path: subjectsFile, read: () => parts.readFile(subjectsFile) },
    warn,
  });
  const members = (): Membership => {
    const { agentSubjects, reviewerSubjects } = subjects.current();
    return { ...settings, agentSubjects, reviewerSubjects, identityClaim: parts.identityClaim ?? 'azp' };
  };
  const rolesNow = rolesNowBy({ ...parts, tokenRolesFor: seconds(settings.tokenRolesFor) });
  const shared = { repository, keeper, members, rolesNow, clock, random };
  const maxPending = settings.maxPendingPerAgent;
  const gate = openGate({ ...shared, maxPending, lease: parts.lease, within: seconds(settings.within) });
  const book = openBook({
    ...shared,
    decide: parts.decide,
    decideAgain: parts.decideAgain,
    checkArguments: parts.checkArguments,
    times: { within: seconds(settings.within), execution: seconds(settings.executionTimeout) },
    maxPending,
  });
  const hub = openWatchHub({ store, repository, clock, maxWatchers: settings.maxWatchers, report });
  // The operator names this one URL, so that its host may be a private one.
  const fetch =
    webhookUrl === undefined ? undefined : createGuardedFetch({ allowPrivateHosts: [new URL(webhookUrl).host] });
  const outbox = openOutbox({
    store,
    clock,
    random,
    webhook: webhookUrl === undefined || fetch === undefined ? undefined : { url: webhookUrl, secrets, fetch },
    send: parts.send,
    warn,
  });
  const tellsAnybody = webhookUrl !== undefined || settings.mailTo.length > 0;
  const timers: NodeJS.Timeout[] = [];
  const every = (interval: number, work: () => Promise<unknown>): void =>
    void timers.push(setInterval(() => void work().catch(report), interval).unref());

  return {
    gate,
    settled: openSettled(repository, hub, clock),
    voidAll: keeper.voidAll,
    past: openPast(repository, parts.toolById),
    mount(frame, house, { adminRole }) {
      mountRequests(frame, { book, subjects, members, clock, adminRole });
      mountWatches(frame, house, { book, hub, repository, members, clock });
    },
    async start() {
      try {
        await subjects.start();
      } catch (error) {
        return refuse({
          path: 'requests.subjectsFile',
          message: error instanceof Error ? error.message : String(error),
        });
      }
      await hub.start();
      // What a process that was killed left behind is known for what it is from the start on.
      await keeper.sweep();
      every(sweepInterval, keeper.sweep);
      every(pruneInterval, () => repository.prune(epochMilliseconds(clock() - settings.keepFor * 1000)));
      if (tellsAnybody) {
        outbox.start();
        hub.onChange(() => void outbox.flush().catch(report));
      }
      return ok(undefined);
    },
    async close() {
      for (const timer of timers) clearInterval(timer);
      subjects.close();
      hub.close();
      await outbox.close();
      await fetch?.close();
    },
  };
}
