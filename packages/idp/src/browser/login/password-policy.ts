import type { IdpContext } from '../../context.ts';
import type { Realm, User } from '../../model/index.ts';
import type { PasswordHasher } from '../../passwords.ts';

/** Whom a password is for: some policies compare the two. */
export type PasswordOwner = Pick<User, 'username' | 'email' | 'credentials'>;

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** One policy: what is wrong with the password, if anything. `value` stands in the policy's brackets. */
type Policy = (password: string, value: string, owner: PasswordOwner) => string | undefined;

const atLeast =
  (pattern: RegExp, what: string): Policy =>
  (password, value) => {
    const wanted = Number(value) || 1;
    return count(password, pattern) < wanted ? `Invalid password: must contain at least ${wanted} ${what}.` : undefined;
  };

const policies: Readonly<Record<string, Policy>> = {
  length: (password, value) => {
    const least = Number(value) || 8;
    return Array.from(password).length < least ? `Invalid password: minimum length ${least}.` : undefined;
  },
  maxLength: (password, value) => {
    const most = Number(value) || 64;
    return Array.from(password).length > most ? `Invalid password: maximum length ${most}.` : undefined;
  },
  digits: atLeast(/\p{Nd}/gu, 'numerical digits'),
  lowerCase: atLeast(/\p{Ll}/gu, 'lower case characters'),
  upperCase: atLeast(/\p{Lu}/gu, 'upper case characters'),
  specialChars: atLeast(/[^\p{L}\p{N}]/gu, 'special characters'),
  notUsername: (password, _value, owner) =>
    password.toLowerCase() === owner.username.toLowerCase()
      ? 'Invalid password: must not be equal to the username.'
      : undefined,
  notContainsUsername: (password, _value, owner) =>
    password.toLowerCase().includes(owner.username.toLowerCase())
      ? 'Invalid password: Can not contain the username.'
      : undefined,
  notEmail: (password, _value, owner) =>
    owner.email !== undefined && password.toLowerCase() === owner.email.toLowerCase()
      ? 'Invalid password: must not be equal to the email.'
      : undefined,
};

/** The names of the policies that are enforced. */
export const enforcedPolicies: readonly string[] = Object.keys(policies);

/** The names of the policies in a realm's setting that are not enforced here. */
export function unenforcedPolicies(setting: string): readonly string[] {
  const names = setting.split(' and ').map((part) => /^\s*(\w+)/.exec(part)?.[1] ?? '');
  return names.filter((name) => name !== '' && !Object.hasOwn(policies, name));
}

// argon2 takes any length; this only bounds the work of one request.
const longest = 1024;

/**
 * What the realm's password policy (`length(8) and digits(1)`) has against a password, in Keycloak's words. Policies that
 * are not listed above (histories, hash settings, regular expressions, black lists) are not enforced.
 */
export function checkNewPassword(realm: Realm, password: string, owner: PasswordOwner): string | undefined {
  if (password === '') return 'Please specify password.';
  if (password.length > longest) return `Invalid password: maximum length ${longest}.`;
  for (const part of (realm.passwordPolicy ?? '').split(' and ')) {
    const [, name = '', value = ''] = /^\s*(\w+)(?:\((.*)\))?\s*$/.exec(part) ?? [];
    const fault = Object.hasOwn(policies, name) ? policies[name]?.(password, value, owner) : undefined;
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Replaces the user's password; all else about the user is as it is at the moment of writing, not before the hashing. */
export async function setPassword(
  context: Pick<IdpContext, 'state'> & { readonly passwords: PasswordHasher },
  userId: string,
  password: string,
): Promise<User | undefined> {
  const { state } = context;
  const hash = await context.passwords.hash(password);
  const user = state.users.get(userId);
  if (user === undefined) return undefined;
  const credential = { id: state.newUuid(), type: 'password', createdDate: state.clock(), hash } as const;
  const others = user.credentials.filter((it) => it.type !== 'password');
  return state.users.put({ ...user, credentials: [...others, credential] });
}
