import { hash } from 'node:crypto';
import { compileGroupMapping, rolesOfMapping } from '@keyturn/policy/rbac';
import { type Clock, ok, type Random, type Result, refuse } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { IdpFault } from '../../config/idp.ts';
import type { RbacSettings } from '../../config/rbac.ts';
import type { RolesOf } from '../../http/caller.ts';
import type { Frame } from '../../http/frame.ts';
import type { Log } from '../../outside/log.ts';
import { mountAssignments } from './assignment-routes.ts';
import { closeDue } from './close-reviews.ts';
import { commitChanges } from './commit-changes.ts';
import { mountConstraints } from './constraint-routes.ts';
import { createContexts } from './context.ts';
import { mountExplain } from './explain.ts';
import { explainCommitRefusal, openRbacKeeper, rbacChannel } from './keeper.ts';
import { mountMe } from './me.ts';
import type { RbacParts } from './parts.ts';
import { planModel } from './plan.ts';
import { mountPlans } from './plan-routes.ts';
import { explainRule } from './refusals.ts';
import { mountReviews } from './review-routes.ts';
import { mountRoles } from './role-routes.ts';
import { syncByUser } from './sync-users.ts';
import { type EndedSession, endSessions } from './sessions.ts';
import { createSync, type SyncedPerson, type SyncGroups } from './sync.ts';

export interface RbacOptions {
  readonly settings: RbacSettings;
  readonly issuer: string;
  readonly adminRole: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface RbacFeature {
  readonly rolesOf: RolesOf;
  readonly syncGroups: SyncGroups;
  /** Group sync for those who know users by ids of their own. */
  readonly forUsers: (identitiesOf: (userId: string) => Promise<readonly SyncedPerson[]>) => {
    /** Changes whenever the mapping does. */
    readonly mapping: string;
    readonly syncGroups: ReturnType<typeof syncByUser>;
  };
  /** Forgets which roles were chosen in a session that has ended at the identity provider. */
  readonly ended: (ended: EndedSession) => Promise<void>;
  /** Whether this replica knows what others have changed. Where it does not, assigned roles are nobody's. */
  readonly hears: () => boolean;
  readonly mount: (frame: Frame) => void;
  /** Begins to follow the changes of other replicas. */
  readonly start: () => Promise<void>;
  readonly close: () => void;
}

/** How long another replica's changes may be unknown here before assigned roles count for nothing, in milliseconds. */
const longestSilence = 10_000;

/**
 * Opens the feature: reads the model, brings about what the settings declare, and refuses a mapping to a role that does
 * not exist, by its name, since it would silently give nothing.
 */
export async function openRbac(options: RbacOptions): Promise<Result<RbacFeature, readonly IdpFault[]>> {
  const { settings, store, clock, random, log, issuer, adminRole } = options;
  const keeper = await openRbacKeeper(store, clock);
  const { groupToRole } = settings;
  const parts: RbacParts = { keeper, store, clock, random, issuer, adminRole, groupToRole };

  const { model } = settings;
  if (model !== undefined) {
    const kept = await commitChanges(parts, { actor: { identity: 'keyturn' } }, ({ rbac }) =>
      ok(planModel(rbac, model, { issuer, prune: false })),
    );
    if (!kept.ok) {
      const { refusal } = kept;
      const said =
        refusal.why === 'rbac' || refusal.why === 'stale' ? explainCommitRefusal(refusal) : explainRule(refusal).detail;
      return refuse([{ path: 'rbac.model', message: said }]);
    }
    if (kept.value.value.length > 0) log.info({ changes: kept.value.value.length }, 'roles were brought to rbac.model');
  }
  const unknown = [...rolesOfMapping(groupToRole)].filter(([role]) => !keeper.current().rbac.roles.has(role));
  if (unknown.length > 0) {
    return refuse(
      unknown.map(([role, pattern]) => ({
        path: 'rbac.groupToRole',
        message: `maps ${pattern} to the role ${role}, which does not exist; declare it in rbac.model, make it with “keyturn rbac apply”, or correct the name`,
      })),
    );
  }

  // One process is its own only writer on SQLite; on PostgreSQL a replica that is cut off must not go on giving roles.
  const hears = (): boolean => store.dialect === 'sqlite' || clock() - keeper.heardAt() <= longestSilence;
  const rolesOf = createContexts(() => keeper.current().rbac, hears);
  const syncGroups = createSync({
    keeper,
    store,
    clock,
    mapGroups: compileGroupMapping(groupToRole, { nested: settings.nestedGroups }),
    onSynced: ({ subject }, source, { added, removed, refused }) =>
      log.info({ user: subject, source, added, removed, refused }, 'groups were synced'),
  });

  const timers: NodeJS.Timeout[] = [];
  return ok({
    rolesOf,
    syncGroups,
    forUsers: (identitiesOf) => ({
      mapping: hash('sha256', JSON.stringify([groupToRole, settings.nestedGroups]), 'hex'),
      syncGroups: syncByUser(syncGroups, identitiesOf),
    }),
    ended: (ended) => endSessions(parts, ended),
    hears,
    mount(frame) {
      mountRoles(frame, parts);
      mountConstraints(frame, parts);
      mountAssignments(frame, parts);
      mountPlans(frame, parts);
      mountExplain(frame, parts);
      mountReviews(frame, parts);
      mountMe(frame, parts, ({ principal, pat }) => rolesOf(principal, pat));
    },
    async start() {
      // A notification that comes while another is being followed is followed afterwards.
      const hear = (version: string): void => {
        const follow = async (): Promise<void> => {
          while (keeper.version() < Number(version)) await keeper.catchUp();
        };
        // What fails here shows in `hears`, and the poll tries again.
        void follow().catch(() => undefined);
      };
      await store.listen(rbacChannel, hear, keeper.catchUp);
      await keeper.catchUp();
      const every = (milliseconds: number, what: string, work: () => Promise<unknown>): void => {
        const run = (): void =>
          void work().catch((error: unknown) => log.warn({ error: String(error) }, `${what} failed`));
        timers.push(setInterval(run, milliseconds).unref());
      };
      // A failure shows in `hears`; once a second would fill the log.
      every(1000, 'following roles', () => keeper.catchUp().catch(() => undefined));
      every(3_600_000, 'forgetting old changes of roles', keeper.prune);
      every(60_000, 'closing access reviews', () => closeDue(parts));
    },
    close: () => {
      for (const timer of timers) clearInterval(timer);
    },
  });
}
