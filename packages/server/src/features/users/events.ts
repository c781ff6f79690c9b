import type { GroupSource, SyncReport } from './roles-port.ts';
import type { Profile, User, UserId } from './user.ts';

/** What happens to users, by the names that the services of seed 004 know. Delivered as webhooks under the same names. */
export type UserEvent =
  /** Somebody logged in for the first time. */
  | { readonly type: 'user_created_from_keycloak'; readonly user: UserId; readonly data: UserData }
  /** A login; `changed` names what the identity provider says differently from the last time. */
  | {
      readonly type: 'user_profile_synced';
      readonly user: UserId;
      readonly data: UserData & { readonly changed: readonly (keyof Profile)[] };
    }
  /** A login, or a change of somebody's groups or their roles. */
  | {
      readonly type: 'user_groups_synced';
      readonly user: UserId;
      readonly data: {
        readonly groups: readonly string[];
        readonly source: GroupSource;
        readonly is_staff: boolean;
        readonly is_superuser: boolean;
      } & Omit<SyncReport, 'staff' | 'superuser'>;
    };

interface UserData {
  readonly issuer: string;
  readonly subject: string;
  readonly username: string;
  readonly email: string | null;
  readonly email_verified: boolean;
  readonly name: string;
  readonly is_staff: boolean;
  readonly is_superuser: boolean;
}

/** Told of each event, after it is durable. What it throws is logged and stops nobody. */
export type UserListener = (event: UserEvent) => void;

export function userData(user: User, identity: { issuer: string; subject: string }): UserData {
  const { profile } = user;
  return {
    issuer: identity.issuer,
    subject: identity.subject,
    username: profile.username,
    email: profile.email ?? null,
    email_verified: profile.emailVerified,
    name: profile.name,
    is_staff: user.isStaff,
    is_superuser: user.isSuperuser,
  };
}
