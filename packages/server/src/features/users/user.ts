import type { EpochMilliseconds, JsonObject } from '@keyturn/protocol';

export type UserId = `usr_${string}`;

/** Somebody whom Keyturn knows: who they are at the identity provider is told by their identities. */
export interface User {
  readonly id: UserId;
  readonly profile: Profile;
  /** As the services of seed 004 read them: from the roles that the user has. */
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  readonly createdAt: EpochMilliseconds;
  readonly lastLoginAt: EpochMilliseconds | undefined;
  /** As the identity provider named them last; undefined until it has. */
  readonly groups: readonly string[] | undefined;
}

/** What the identity provider says of a person, synced at each login. */
export interface Profile {
  readonly username: string;
  readonly email: string | undefined;
  readonly emailVerified: boolean;
  readonly name: string;
  readonly givenName: string;
  readonly familyName: string;
}

const longest = 255;

/** Reads a profile from claims (OpenID Connect Core §5.1). What is missing is empty, what is no text counts as missing. */
export function readProfile(claims: JsonObject): Profile {
  const text = (name: string): string => {
    const value = claims[name];
    return typeof value === 'string' ? value.replaceAll(/\p{Cc}/gu, '').slice(0, longest) : '';
  };
  const email = text('email');
  return {
    username: text('preferred_username') || text('sub'),
    email: /^[^\s@]+@[^\s@]+$/.test(email) ? email : undefined,
    // Nothing but `true` is a promise: not "true", not 1.
    emailVerified: claims['email_verified'] === true,
    name: text('name'),
    givenName: text('given_name'),
    familyName: text('family_name'),
  };
}

/**
 * What addresses are compared by: ASCII letters in lower case and everything else as it is. Unicode's own lower case would
 * make one address of two (`ı`, `K`), and whoever registers the second would be taken for the first.
 */
export function emailKey(email: string | undefined): string | null {
  return email === undefined ? null : email.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** A user as administrators see them. */
export function describeUser(user: User, identities: readonly { issuer: string; subject: string }[]): JsonObject {
  const { profile } = user;
  return {
    id: user.id,
    username: profile.username,
    email: profile.email ?? null,
    email_verified: profile.emailVerified,
    name: profile.name,
    given_name: profile.givenName,
    family_name: profile.familyName,
    is_staff: user.isStaff,
    is_superuser: user.isSuperuser,
    groups: [...(user.groups ?? [])],
    created_at: new Date(user.createdAt).toISOString(),
    last_login_at: user.lastLoginAt === undefined ? null : new Date(user.lastLoginAt).toISOString(),
    identities: identities.map(({ issuer, subject }) => ({ issuer, subject })),
  };
}
