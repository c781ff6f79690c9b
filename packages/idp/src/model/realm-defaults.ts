import { newRealm } from '@keyturn/realm/new-realm';
import type { RealmSettings, RequiredActionProvider, UserProfileConfig } from './realm.ts';

/** The settings of a new realm; `enabled` is false unless given, as in Keycloak. */
export const defaultSettings: RealmSettings = {
  ...newRealm,
  notBefore: 0,
  enabled: false,
  clientProfiles: { profiles: [] },
  clientPolicies: { policies: [] },
};

const action = (alias: string, name: string, enabled: boolean, priority: number): RequiredActionProvider => ({
  alias,
  name,
  providerId: alias,
  enabled,
  defaultAction: false,
  priority,
  config: {},
});

/** The required actions that a new realm knows, in the order that Keycloak lists them. */
export const defaultRequiredActions: readonly RequiredActionProvider[] = [
  action('TERMS_AND_CONDITIONS', 'Terms and Conditions', false, 20),
  action('UPDATE_PROFILE', 'Update Profile', true, 40),
  action('VERIFY_EMAIL', 'Verify Email', true, 50),
  action('CONFIGURE_TOTP', 'Configure OTP', true, 10),
  action('UPDATE_PASSWORD', 'Update Password', true, 30),
  action('delete_account', 'Delete Account', false, 60),
  action('UPDATE_EMAIL', 'Update Email', false, 70),
  action('webauthn-register', 'Webauthn Register', true, 80),
  action('webauthn-register-passwordless', 'Webauthn Register Passwordless', true, 90),
  action('VERIFY_PROFILE', 'Verify Profile', true, 100),
  action('delete_credential', 'Delete Credential', true, 110),
  action('idp_link', 'Linking Identity Provider', true, 120),
  action('CONFIGURE_RECOVERY_AUTHN_CODES', 'Recovery Authentication Codes', true, 130),
  action('update_user_locale', 'Update User Locale', true, 1000),
];

/** The user profile of a new realm: e-mail and both names are required of users, and attributes beyond these are dropped. */
export const defaultUserProfile: UserProfileConfig = {
  attributes: [
    {
      name: 'username',
      displayName: '${username}',
      validations: {
        length: {
          min: 3,
          max: 255,
        },
        'username-prohibited-characters': {},
        'up-username-not-idn-homograph': {},
      },
      permissions: {
        view: ['admin', 'user'],
        edit: ['admin', 'user'],
      },
      multivalued: false,
    },
    {
      name: 'email',
      displayName: '${email}',
      validations: {
        email: {},
        length: {
          max: 255,
        },
      },
      required: {
        roles: ['user'],
      },
      permissions: {
        view: ['admin', 'user'],
        edit: ['admin', 'user'],
      },
      multivalued: false,
    },
    {
      name: 'firstName',
      displayName: '${firstName}',
      validations: {
        length: {
          max: 255,
        },
        'person-name-prohibited-characters': {},
      },
      required: {
        roles: ['user'],
      },
      permissions: {
        view: ['admin', 'user'],
        edit: ['admin', 'user'],
      },
      multivalued: false,
    },
    {
      name: 'lastName',
      displayName: '${lastName}',
      validations: {
        length: {
          max: 255,
        },
        'person-name-prohibited-characters': {},
      },
      required: {
        roles: ['user'],
      },
      permissions: {
        view: ['admin', 'user'],
        edit: ['admin', 'user'],
      },
      multivalued: false,
    },
  ],
  groups: [
    {
      name: 'user-metadata',
      displayHeader: 'User metadata',
      displayDescription: 'Attributes, which refer to user metadata',
    },
  ],
};
