import type { JsonObject } from '@keyturn/protocol';
import type { Realm, User } from '../../model/index.ts';
import { profileAttributes } from './attributes.ts';

/** A value that the realm's user profile does not allow; `message` is Keycloak's message key. */
export interface ProfileFault {
  readonly field: string;
  readonly message: string;
  readonly params: readonly (string | number)[];
}

/** What in a user breaks the realm's profile. Required attributes are for people to fill in, not for administrators. */
export function checkProfile(
  realm: Realm,
  user: Pick<User, 'username' | 'email' | 'firstName' | 'lastName' | 'attributes'>,
): readonly ProfileFault[] {
  return profileAttributes(realm).flatMap(({ name, validations }) =>
    valuesOf(user, name).flatMap((value) =>
      Object.entries(validations).flatMap(([rule, config]) => {
        const fault = value === '' ? undefined : checks[rule]?.(value, config);
        return fault === undefined ? [] : [{ field: name, message: fault.message, params: [name, ...fault.params] }];
      }),
    ),
  );
}

function valuesOf(
  user: Pick<User, 'username' | 'email' | 'firstName' | 'lastName' | 'attributes'>,
  name: string,
): readonly string[] {
  switch (name) {
    case 'username':
    case 'email':
    case 'firstName':
    case 'lastName':
      return user[name] === undefined ? [] : [user[name]];
    default:
      return Object.hasOwn(user.attributes, name) ? (user.attributes[name] ?? []) : [];
  }
}

type Check = (
  value: string,
  config: JsonObject,
) => { readonly message: string; readonly params: readonly (string | number)[] } | undefined;

const checks: Readonly<Record<string, Check>> = {
  length: (value, config) => {
    const min = numberOf(config['min']);
    const max = numberOf(config['max']);
    const tooShort = min !== undefined && value.length < min;
    const tooLong = max !== undefined && value.length > max;
    if (!tooShort && !tooLong) return undefined;
    if (max === undefined) return { message: 'error-invalid-length-too-short', params: [min ?? 0] };
    if (min === undefined) return { message: 'error-invalid-length-too-long', params: [max] };
    return { message: 'error-invalid-length', params: [min, max] };
  },
  email: (value) => (isEmail(value) ? undefined : { message: 'error-invalid-email', params: [value] }),
  'username-prohibited-characters': (value) =>
    /[<>&"'\s\v$%!#?§,;:*~/\\|^=[\]{}()`\p{Cc}]/u.test(value)
      ? { message: 'error-username-invalid-character', params: [] }
      : undefined,
  'person-name-prohibited-characters': (value) =>
    /[<>&"\v$%!#?§;*~/\\|^=[\]{}()\p{Cc}]/u.test(value)
      ? { message: 'error-person-name-invalid-character', params: [] }
      : undefined,
  integer: (value, config) => checkNumber(value, config, /^[+-]?\d{1,15}$/),
  double: (value, config) => checkNumber(value, config, /^[+-]?\d{1,15}(?:\.\d{1,15})?$/),
  options: (value, config) =>
    Array.isArray(config['options']) && !config['options'].includes(value)
      ? { message: 'error-invalid-value', params: [value] }
      : undefined,
  uri: (value) =>
    /^https?:\/\//i.test(value) && URL.canParse(value) ? undefined : { message: 'error-invalid-uri', params: [value] },
};

function checkNumber(value: string, config: JsonObject, pattern: RegExp): ReturnType<Check> {
  if (!pattern.test(value)) return { message: 'error-invalid-number', params: [value] };
  const min = numberOf(config['min']);
  const max = numberOf(config['max']);
  const outside = (min !== undefined && Number(value) < min) || (max !== undefined && Number(value) > max);
  return outside ? { message: 'error-number-out-of-range', params: [min ?? '', max ?? ''] } : undefined;
}

/** One address: a local part of at most 64 characters and a domain of dotted labels. */
function isEmail(value: string): boolean {
  return /^[^\s@<>()[\],;:"\\]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(
    value,
  );
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
