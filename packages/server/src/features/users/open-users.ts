import { isId, type Clock, type JsonObject, type Random } from '@keyturn/protocol';
import type { Store, Tx } from '@keyturn/store';
import type { Frame } from '../../http/frame.ts';
import type { TokenEndpoint } from '../../http/token-endpoint.ts';
import type { Log } from '../../outside/log.ts';
import type { Metrics } from '../../outside/metrics.ts';
import type { UserListener } from './events.ts';
import { createResync, type Resync } from './group-resync.ts';
import { readGroupsFromKeycloak } from './keycloak-groups.ts';
import { createPeople, type People } from './people.ts';
import { type Identity, openUserRepository, type UserRepository } from './repository.ts';
import type { GroupRoles } from './roles-port.ts';
import { mountUsers } from './routes.ts';

export interface UsersOptions {
  readonly issuer: string;
  readonly adminRole: string;
  readonly groupsClaim: string;
  readonly roles: GroupRoles;
  /** The client that reads groups from the admin API; undefined where nobody does. */
  readonly sync: TokenEndpoint | undefined;
  /** Seconds between two looks. */
  readonly syncInterval: number;
  readonly announce: (tx: Tx, type: string, data: JsonObject) => Promise<void>;
  readonly listeners: readonly UserListener[];
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface Users {
  readonly people: People;
  readonly repository: UserRepository;
  readonly resync: Resync | undefined;
  /** Everything by which a user logs in, with what they are called. */
  readonly identitiesOf: (userId: string) => Promise<readonly (Identity & { readonly name?: string | undefined })[]>;
  /** Re-reads the groups of somebody who was logged out at the identity provider. */
  readonly ended: (ended: { readonly issuer: string; readonly subject?: string | undefined }) => Promise<void>;
  readonly mount: (frame: Frame) => void;
  readonly start: () => void;
  readonly close: () => void;
}

/** Builds the feature from its parts: the table, logins, and the look at everybody's groups in an interval. */
export function openUsers(options: UsersOptions): Users {
  const { store, clock, random, metrics, log, sync, adminRole } = options;
  const repository = openUserRepository(store, random);
  const people = createPeople({ ...options, repository });
  const interval = options.syncInterval * 1000;
  const resync =
    sync === undefined || interval === 0
      ? undefined
      : createResync({ ...options, reader: readGroupsFromKeycloak(sync), repository, people, interval });
  if (resync === undefined) {
    log.warn(
      {},
      'login.syncClientId is not set: a group taken away is noticed when its user’s tokens are next refreshed',
    );
  }
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    const startedAt = clock();
    const done = await resync?.runIfDue();
    if (done === undefined) return;
    metrics.groupSync(done.ok ? 'ok' : 'failed', (clock() - startedAt) / 1000);
    if (done.ok) log.info({ ...done.value }, 'looked at everybody’s groups');
    else log.warn({ reason: done.refusal }, 'everybody’s groups could not be read, and stay as they were');
  };
  const turn = (): void =>
    void look().catch((error: unknown) => log.warn({ error: String(error) }, 'looking at everybody’s groups failed'));
  return {
    people,
    repository,
    resync,
    async identitiesOf(userId) {
      if (!isId('usr', userId)) return [];
      const [user, identities] = [await repository.byId(userId), await repository.identitiesOf([userId])];
      return identities.map(({ issuer, subject }) => ({ issuer, subject, name: user?.profile.username }));
    },
    async ended({ issuer, subject }) {
      if (subject === undefined || resync === undefined) return;
      const identity: Identity = { issuer, subject };
      const done = await resync.one(identity);
      // The interval makes up for it, and a logout is not to fail because groups cannot be read.
      if (!done.ok) log.warn({ subject, reason: done.refusal }, 'groups could not be read at a logout');
    },
    mount: (frame) => mountUsers(frame, { repository, resync, store, clock, adminRole }),
    start() {
      if (resync === undefined) return;
      // Asked more often than it is due, so that another replica takes over soon where one has died.
      timer = setInterval(turn, Math.min(interval, 15_000)).unref();
      turn();
    },
    close: () => clearInterval(timer),
  };
}
