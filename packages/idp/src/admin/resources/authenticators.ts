export type Requirement = 'REQUIRED' | 'ALTERNATIVE' | 'CONDITIONAL' | 'DISABLED';

interface Authenticator {
  readonly displayName: string;
  readonly choices: readonly Requirement[];
  readonly configurable: boolean;
}

const always: readonly Requirement[] = ['REQUIRED'];
const onOrOff: readonly Requirement[] = ['REQUIRED', 'DISABLED'];
const any: readonly Requirement[] = ['REQUIRED', 'ALTERNATIVE', 'DISABLED'];

const fixed = (displayName: string, choices: readonly Requirement[]): Authenticator => ({
  displayName,
  choices,
  configurable: false,
});
const configurable = (displayName: string, choices: readonly Requirement[]): Authenticator => ({
  displayName,
  choices,
  configurable: true,
});

/** How lists of executions name the authenticators of the built-in flows, and what may be chosen for them. */
export const authenticators: Readonly<Record<string, Authenticator>> = {
  'auth-cookie': fixed('Cookie', any),
  'auth-otp-form': fixed('OTP Form', any),
  'auth-recovery-authn-code-form': fixed('Recovery Authentication Code Form', any),
  'auth-spnego': fixed('Kerberos', any),
  'auth-username-password-form': fixed('Username Password Form', always),
  'client-jwt': fixed('Signed JWT', any),
  'client-secret': fixed('Client Id and Secret', any),
  'client-secret-jwt': fixed('Signed JWT with Client Secret', any),
  'client-x509': fixed('X509 Certificate', any),
  'conditional-credential': configurable('Condition - credential', onOrOff),
  'conditional-user-configured': fixed('Condition - user configured', onOrOff),
  'direct-grant-validate-otp': fixed('OTP', any),
  'direct-grant-validate-password': fixed('Password', any),
  'direct-grant-validate-username': fixed('Username Validation', always),
  'docker-http-basic-authenticator': fixed('Docker Authenticator', always),
  'federated-jwt': fixed('Signed JWT - Federated', any),
  'identity-provider-redirector': configurable('Identity Provider Redirector', any),
  'idp-add-organization-member': fixed('Organization Member Onboard', any),
  'idp-confirm-link': fixed('Confirm link existing account', any),
  'idp-create-user-if-unique': configurable('Create User If Unique', any),
  'idp-email-verification': fixed('Verify existing account by Email', any),
  'idp-review-profile': configurable('Review Profile', any),
  'idp-username-password-form': fixed('Username Password Form for identity provider reauthentication', always),
  organization: configurable('Organization Identity-First Login', any),
  'registration-page-form': fixed('registration form', onOrOff),
  'registration-password-action': configurable('Password Validation', onOrOff),
  'registration-recaptcha-action': configurable('reCAPTCHA', onOrOff),
  'registration-terms-and-conditions': fixed('Terms and conditions', onOrOff),
  'registration-user-creation': fixed('Registration User Profile Creation', onOrOff),
  'reset-credential-email': configurable('Send Reset Email', always),
  'reset-credentials-choose-user': fixed('Choose User', always),
  'reset-otp': configurable('Reset OTP', any),
  'reset-password': fixed('Reset Password', any),
  'webauthn-authenticator': fixed('WebAuthn Authenticator', any),
};
