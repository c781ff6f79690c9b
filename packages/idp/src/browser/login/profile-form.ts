import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import type { NewUser, Realm, User } from '../../model/index.ts';
import type { FormState } from '../pages/account-forms.ts';
import type { Field } from '../pages/field.ts';
import { textOf } from '../text-of.ts';

/** What a person typed into the fields of a profile, by name, trimmed. */
export type ProfileValues = Readonly<Record<string, string>>;

// The members of a user that are no attributes, and how browsers fill them in.
const members: Readonly<Record<string, Omit<Field, 'name'>>> = {
  username: { label: 'Username', autocomplete: 'username' },
  email: { label: 'Email', type: 'email', autocomplete: 'email' },
  firstName: { label: 'First name', autocomplete: 'given-name' },
  lastName: { label: 'Last name', autocomplete: 'family-name' },
};

const isMember = (name: string): name is 'username' | 'email' | 'firstName' | 'lastName' =>
  Object.hasOwn(members, name);

/** The fields of the realm's user profile that its people may fill in, in the realm's order. */
export function profileFields(realm: Realm): readonly Field[] {
  const configured = realm.userProfile['attributes'];
  const attributes = (Array.isArray(configured) ? configured : []).filter(isJsonObject);
  // Nobody is without a user name, whatever the configuration forgets.
  const all = attributes.some((it) => it['name'] === 'username') ? attributes : [{ name: 'username' }, ...attributes];
  return all.flatMap((attribute): readonly Field[] => {
    const name = textOf(attribute['name']);
    if (name === '' || !isForUsers(attribute['permissions'])) return [];
    const known = isMember(name) ? members[name] : undefined;
    const label = textOf(attribute['displayName']);
    return [
      { label: label === '' || label.startsWith('${') ? name : label, ...known, name, required: isRequired(attribute) },
    ];
  });
}

function isForUsers(permissions: Json | undefined): boolean {
  if (!isJsonObject(permissions)) return true;
  const { edit } = permissions;
  return Array.isArray(edit) && edit.includes('user');
}

function isRequired(attribute: JsonObject): boolean {
  const { name, required } = attribute;
  if (name === 'username') return true;
  if (!isJsonObject(required)) return false;
  const { roles } = required;
  return !Array.isArray(roles) || roles.includes('user');
}

/** Reads a posted form. */
export function readProfile(fields: readonly Field[], form: URLSearchParams): ProfileValues {
  return Object.fromEntries(fields.map(({ name }) => [name, (form.get(name) ?? '').trim()]));
}

/** The profile of a user, for filling the form. */
export function profileOf(fields: readonly Field[], user: User): ProfileValues {
  return Object.fromEntries(
    fields.map(({ name }) => [name, (isMember(name) ? user[name] : user.attributes[name]?.[0]) ?? '']),
  );
}

/** What is wrong with a profile, by field, in Keycloak's words. */
export function checkProfile(fields: readonly Field[], values: ProfileValues): Readonly<Record<string, string>> {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const fault = faultOf(field, values[field.name] ?? '');
      return fault === undefined ? [] : [[field.name, fault]];
    }),
  );
}

function faultOf(field: Field, value: string): string | undefined {
  if (value === '') {
    if (field.required !== true) return undefined;
    return isMember(field.name) ? `Please specify ${field.label.toLowerCase()}.` : 'Please specify this field.';
  }
  if (field.name === 'username' && value.length < 3) return 'Length must be between 3 and 255.';
  if (value.length > (isMember(field.name) ? 255 : 2048)) return 'Value is too long.';
  // Good enough to catch slips; the mail itself is the test. No blanks, commas or brackets: it goes into a header.
  if (field.name === 'email' && !/^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/.test(value))
    return 'Invalid email address.';
  if (field.name === 'username' && /[<>&"$%!#?§,;:*~/\\|^=[\]{}()`\p{C}\s]/u.test(value)) return invalid;
  if (/^(?:first|last)Name$/.test(field.name) && /[<>&"$%!#?§;*~/\\|^=[\]{}()\p{Cc}]/u.test(value)) return invalid;
  return undefined;
}

const invalid = 'Value contains invalid character.';

/** The profile as it becomes part of a user; what was left empty is taken away. Fields not shown stay as they are. */
export function withProfile<Base extends NewUser>(base: Base, fields: readonly Field[], values: ProfileValues): Base {
  const changed: Record<string, unknown> = { ...base };
  const attributes: Record<string, readonly string[]> = { ...base.attributes };
  for (const { name } of fields) {
    const value = values[name] ?? '';
    const into = isMember(name) ? changed : attributes;
    if (value === '') delete into[name];
    else into[name] = isMember(name) ? value : [value, ...(attributes[name]?.slice(1) ?? [])];
  }
  // Members are only replaced by texts or, being optional, left out; `username` is required of every form.
  return { ...changed, username: values['username'] ?? base.username, attributes } as Base;
}

/** Names and addresses that somebody else has. */
export function clashText(what: string): Readonly<Record<string, string>> {
  return what === 'username' ? { username: 'Username already exists.' } : { email: 'Email already exists.' };
}

/** The form as it goes back to the person. */
export function formState(values: ProfileValues, errors: Readonly<Record<string, string>>): FormState {
  return { values, errors };
}
