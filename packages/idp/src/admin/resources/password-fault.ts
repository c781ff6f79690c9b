import { checkNewPassword, type PasswordOwner } from '../../browser/login/password-policy.ts';
import type { Realm } from '../../model/index.ts';
import { type Answer, refused } from '../frame/answer.ts';

/** The answer for a password that the realm's policy does not take; undefined if it does. */
export function passwordFault(realm: Realm, password: string, owner: PasswordOwner): Answer | undefined {
  const fault = checkNewPassword(realm, password, owner);
  return fault === undefined ? undefined : refused(400, { error: messageKeyOf(fault), error_description: fault });
}

/** Keycloak's message key of what a password policy has against a password. */
function messageKeyOf(fault: string): string {
  return messageKeys.find(([words]) => fault.includes(words))?.[1] ?? 'invalidPasswordGenericMessage';
}

const messageKeys: readonly (readonly [string, string])[] = [
  ['minimum length', 'invalidPasswordMinLengthMessage'],
  ['maximum length', 'invalidPasswordMaxLengthMessage'],
  ['numerical digits', 'invalidPasswordMinDigitsMessage'],
  ['lower case', 'invalidPasswordMinLowerCaseCharsMessage'],
  ['upper case', 'invalidPasswordMinUpperCaseCharsMessage'],
  ['special characters', 'invalidPasswordMinSpecialCharsMessage'],
  ['not be equal to the username', 'invalidPasswordNotUsernameMessage'],
  ['not contain the username', 'invalidPasswordNotContainsUsernameMessage'],
  ['not be equal to the email', 'invalidPasswordNotEmailMessage'],
];
