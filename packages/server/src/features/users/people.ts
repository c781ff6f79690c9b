import type { Clock, JsonObject, Principal } from '@keyturn/protocol';
import type { Store, Tx } from '@keyturn/store';
import type { Log } from '../../outside/log.ts';
import { type UserEvent, userData, type UserListener } from './events.ts';
import { readGroups } from './groups-claim.ts';
import type { Identity, KnownUser, UserRepository } from './repository.ts';
import type { GroupRoles, GroupSource } from './roles-port.ts';
import { type Profile, readProfile, type User } from './user.ts';

/** What a login or a refresh says of somebody. */
export interface SignedIn extends Identity {
  readonly on: 'login' | 'refresh';
  /** Of ID token and userinfo. */
  readonly claims: JsonObject;
  /** Whether everything that could have told of groups has answered, so that a claim which is missing says something. */
  readonly complete: boolean;
  /** Of the access token. */
  readonly principal: Principal;
}

export interface PeopleParts {
  readonly store: Store;
  readonly repository: UserRepository;
  readonly roles: GroupRoles;
  /** Makes whoever has it in their token staff and superuser, whatever their groups. */
  readonly adminRole: string;
  /** The claim that holds the groups. */
  readonly groupsClaim: string;
  /** Keeps an event for its webhooks, with the transaction. */
  readonly announce: (tx: Tx, type: string, data: JsonObject) => Promise<void>;
  readonly listeners: readonly UserListener[];
  readonly clock: Clock;
  readonly log: Log;
}

/** Users as logins make them, and their groups wherever they are read. */
export interface People {
  readonly signedIn: (facts: SignedIn) => Promise<{ readonly userId: string }>;
  /** Somebody's groups, read elsewhere than in a token. Does nothing where nothing has changed. */
  readonly groupsRead: (known: KnownUser, groups: readonly string[], source: GroupSource) => Promise<boolean>;
}

export function createPeople(parts: PeopleParts): People {
  const { store, repository, roles, clock, log } = parts;

  const publish = async (tx: Tx, event: UserEvent): Promise<void> => {
    await parts.announce(tx, event.type, JSON.parse(JSON.stringify({ user: event.user, ...event.data })) as JsonObject);
    tx.afterCommit(() => {
      for (const listener of parts.listeners) {
        try {
          listener(event);
        } catch (error) {
          log.error({ event: event.type, error: String(error) }, 'a listener of an event failed');
        }
      }
    });
  };

  /** Has the groups made roles. Gives what is to be saved and told, which goes into one transaction. */
  const sync = async (
    user: User,
    groups: readonly string[],
    source: GroupSource,
    isAdmin: boolean,
  ): Promise<Synced> => {
    const { staff, superuser, ...changes } = await roles.syncGroups(user.id, groups, source);
    const flags = { staff: staff || isAdmin, superuser: superuser || isAdmin };
    if (changes.refused.length > 0) {
      log.warn({ user: user.id, refused: changes.refused }, 'roles that groups give were refused');
    }
    const isNews =
      source === 'login' || changes.added.length + changes.removed.length > 0 || !isSame(user.groups, groups);
    return {
      ...flags,
      async save(tx) {
        await repository.saveGroups(tx, user.id, { groups, mapping: roles.mapping, ...flags, isAdmin });
        if (!isNews) return;
        const data = { groups, source, is_staff: flags.staff, is_superuser: flags.superuser, ...changes };
        await publish(tx, { type: 'user_groups_synced', user: user.id, data });
      },
    };
  };

  return {
    async signedIn({ issuer, subject, on, claims, complete, principal }) {
      const identity = { issuer, subject };
      const { groups, fault } = readGroups([principal.claims, claims], parts.groupsClaim);
      if (fault !== undefined && fault !== 'missing') {
        log.warn(
          { subject, fault, claim: parts.groupsClaim },
          'the claim of groups is not one, and was cut to what is',
        );
      }
      const isAdmin = principal.roles.realm.includes(parts.adminRole);
      if (on === 'refresh') {
        const known = await repository.byIdentity(identity);
        if (known !== undefined && fault === 'missing' && !complete) {
          log.warn({ subject }, 'userinfo did not answer at a refresh: groups stay as they are until the next one');
          return { userId: known.id };
        }
        if (known !== undefined) {
          await store.transaction((await sync(known, groups, 'refresh', isAdmin)).save);
          return { userId: known.id };
        }
      }
      const profile = readProfile({ ...principal.claims, ...claims });
      const now = clock();
      const { user, found } = await store.transaction(async (tx) => {
        const one = await repository.findOrCreate(tx, identity, profile, now);
        await repository.saveLogin(tx, one.user.id, profile, now);
        if (one.found !== 'known') {
          tx.audit({
            kind: 'user',
            actor: { identity: subject, issuer },
            action: one.found === 'created' ? 'create' : 'link',
            target: one.user.id,
            outcome: 'allowed',
          });
        }
        return one;
      });
      const synced = await sync(user, groups, 'login', isAdmin);
      const { staff: isStaff, superuser: isSuperuser } = synced;
      const data = userData({ ...user, profile, isStaff, isSuperuser }, identity);
      await store.transaction(async (tx) => {
        if (found === 'created') await publish(tx, { type: 'user_created_from_keycloak', user: user.id, data });
        const changed = found === 'created' ? [] : changesOf(user.profile, profile);
        await publish(tx, { type: 'user_profile_synced', user: user.id, data: { ...data, changed } });
        await synced.save(tx);
      });
      return { userId: user.id };
    },
    async groupsRead({ user, mapping, isAdmin }, groups, source) {
      if (isSame(user.groups, groups) && mapping === roles.mapping) return false;
      // What the last token said of the admin role stands until there is another one.
      await store.transaction((await sync(user, groups, source, isAdmin)).save);
      return true;
    },
  };
}

interface Synced {
  readonly staff: boolean;
  readonly superuser: boolean;
  readonly save: (tx: Tx) => Promise<void>;
}

/** Both sorted. */
function isSame(before: readonly string[] | undefined, now: readonly string[]): boolean {
  return before?.length === now.length && before.every((group, i) => group === now[i]);
}

function changesOf(before: Profile, now: Profile): readonly (keyof Profile)[] {
  const names = ['username', 'email', 'emailVerified', 'name', 'givenName', 'familyName'] as const;
  return names.filter((name) => before[name] !== now[name]);
}
