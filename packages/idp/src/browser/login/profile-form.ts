import type { Realm, User } from '../../model/index.ts';
import type { FormState } from '../pages/account-forms.ts';

/** The profile fields that pages know. */
export interface Profile {
  readonly username: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
}

/** What a person typed into a profile form, trimmed. Without a user name field the e-mail address is the name. */
export function readProfile(form: URLSearchParams, fixedUsername?: string): Profile {
  const text = (name: string): string => (form.get(name) ?? '').trim();
  const email = text('email').toLowerCase();
  return {
    username: (fixedUsername ?? text('username')).toLowerCase(),
    email,
    firstName: text('firstName'),
    lastName: text('lastName'),
  };
}

/** The profile of a user, for filling the form. */
export function profileOf(user: User): Profile {
  return {
    username: user.username,
    email: user.email ?? '',
    firstName: user.firstName ?? '',
    lastName: user.lastName ?? '',
  };
}

/** What is wrong with a profile, by field, in Keycloak's words. */
export function checkProfile(profile: Profile): Readonly<Record<string, string>> {
  const errors: Record<string, string> = {};
  if (profile.username === '') errors['username'] = 'Please specify username.';
  else if (profile.username.length < 3 || profile.username.length > 255)
    errors['username'] = 'Length must be between 3 and 255.';
  else if (/[<>&"$%!#?§,;:*~/\\|^=[\]{}()`\p{C}\s]/u.test(profile.username))
    errors['username'] = 'Value contains invalid character.';
  if (profile.email === '') errors['email'] = 'Please specify email.';
  // Good enough to catch slips; the mail itself is the test. No blanks, commas or brackets: it goes into a header.
  else if (!/^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/.test(profile.email) || profile.email.length > 255)
    errors['email'] = 'Invalid email address.';
  for (const [name, label] of [
    ['firstName', 'first name'],
    ['lastName', 'last name'],
  ] as const) {
    if (profile[name] === '') errors[name] = `Please specify ${label}.`;
    else if (profile[name].length > 255) errors[name] = 'Length must be less than 255.';
    else if (/[<>&"$%!#?§;*~/\\|^=[\]{}()\p{Cc}]/u.test(profile[name]))
      errors[name] = 'Value contains invalid character.';
  }
  return errors;
}

/** Names and addresses that somebody else has. */
export function clashText(what: string): Readonly<Record<string, string>> {
  return what === 'username' ? { username: 'Username already exists.' } : { email: 'Email already exists.' };
}

/** The form as it goes back to the person. */
export function formState(profile: Profile, errors: Readonly<Record<string, string>>): FormState {
  return { values: { ...profile }, errors };
}

/** The name that a new account gets. */
export function newUsername(realm: Realm, form: URLSearchParams): string | undefined {
  return realm.registrationEmailAsUsername ? (form.get('email') ?? '').trim() : undefined;
}
