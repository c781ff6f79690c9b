type Requirement = 'REQUIRED' | 'ALTERNATIVE' | 'CONDITIONAL' | 'DISABLED';

/** One step of a flow: an authenticator, or a flow below it; a form flow has both. */
interface Step {
  readonly authenticator?: string;
  readonly flow?: string;
  readonly requirement: Requirement;
  readonly priority: number;
}

/** A built-in flow of a new realm. What login really does here is fixed; these say what Keycloak's tools expect to find. */
export interface FlowDefault {
  readonly alias: string;
  readonly description: string;
  readonly providerId: string;
  readonly topLevel: boolean;
  readonly steps: readonly Step[];
}

const step = (authenticator: string, requirement: Requirement, priority: number): Step => ({
  authenticator,
  requirement,
  priority,
});
const below = (flow: string, requirement: Requirement, priority: number): Step => ({ flow, requirement, priority });

/** The built-in flows and their sub-flows, as Keycloak 26.7.3 makes them. */
export const flowDefaults: readonly FlowDefault[] = [
  {
    alias: 'browser',
    description: 'Browser based authentication',
    providerId: 'basic-flow',
    topLevel: true,
    steps: [
      step('auth-cookie', 'ALTERNATIVE', 10),
      step('auth-spnego', 'DISABLED', 20),
      step('identity-provider-redirector', 'ALTERNATIVE', 25),
      below('Organization', 'ALTERNATIVE', 26),
      below('forms', 'ALTERNATIVE', 30),
    ],
  },
  {
    alias: 'direct grant',
    description: 'OpenID Connect Resource Owner Grant',
    providerId: 'basic-flow',
    topLevel: true,
    steps: [
      step('direct-grant-validate-username', 'REQUIRED', 10),
      step('direct-grant-validate-password', 'REQUIRED', 20),
      below('Direct Grant - Conditional OTP', 'CONDITIONAL', 30),
    ],
  },
  {
    alias: 'registration',
    description: 'Registration flow',
    providerId: 'basic-flow',
    topLevel: true,
    steps: [
      { authenticator: 'registration-page-form', flow: 'registration form', requirement: 'REQUIRED', priority: 10 },
    ],
  },
  {
    alias: 'reset credentials',
    description: 'Reset credentials for a user if they forgot their password or something',
    providerId: 'basic-flow',
    topLevel: true,
    steps: [
      step('reset-credentials-choose-user', 'REQUIRED', 10),
      step('reset-credential-email', 'REQUIRED', 20),
      step('reset-password', 'REQUIRED', 30),
      below('Reset - Conditional OTP', 'CONDITIONAL', 40),
    ],
  },
  {
    alias: 'clients',
    description: 'Base authentication for clients',
    providerId: 'client-flow',
    topLevel: true,
    steps: [
      step('client-secret', 'ALTERNATIVE', 10),
      step('client-jwt', 'ALTERNATIVE', 20),
      step('client-secret-jwt', 'ALTERNATIVE', 30),
      step('client-x509', 'ALTERNATIVE', 40),
      step('federated-jwt', 'ALTERNATIVE', 50),
    ],
  },
  {
    alias: 'first broker login',
    description:
      'Actions taken after first broker login with identity provider account, which is not yet linked to any Keycloak account',
    providerId: 'basic-flow',
    topLevel: true,
    steps: [
      step('idp-review-profile', 'REQUIRED', 10),
      below('User creation or linking', 'REQUIRED', 20),
      below('First Broker Login - Conditional Organization', 'CONDITIONAL', 60),
    ],
  },
  {
    alias: 'docker auth',
    description: 'Used by Docker clients to authenticate against the IDP',
    providerId: 'basic-flow',
    topLevel: true,
    steps: [step('docker-http-basic-authenticator', 'REQUIRED', 10)],
  },
  {
    alias: 'Account verification options',
    description: 'Method with which to verify the existing account',
    providerId: 'basic-flow',
    topLevel: false,
    steps: [
      step('idp-email-verification', 'ALTERNATIVE', 10),
      below('Verify Existing Account by Re-authentication', 'ALTERNATIVE', 20),
    ],
  },
  {
    alias: 'Browser - Conditional 2FA',
    description: 'Flow to determine if any 2FA is required for the authentication',
    providerId: 'basic-flow',
    topLevel: false,
    steps: [
      step('conditional-user-configured', 'REQUIRED', 10),
      step('conditional-credential', 'REQUIRED', 20),
      step('auth-otp-form', 'ALTERNATIVE', 30),
      step('webauthn-authenticator', 'DISABLED', 40),
      step('auth-recovery-authn-code-form', 'DISABLED', 50),
    ],
  },
  {
    alias: 'Browser - Conditional Organization',
    description: 'Flow to determine if the organization identity-first login is to be used',
    providerId: 'basic-flow',
    topLevel: false,
    steps: [step('conditional-user-configured', 'REQUIRED', 10), step('organization', 'ALTERNATIVE', 20)],
  },
  {
    alias: 'Direct Grant - Conditional OTP',
    description: 'Flow to determine if the OTP is required for the authentication',
    providerId: 'basic-flow',
    topLevel: false,
    steps: [step('conditional-user-configured', 'REQUIRED', 10), step('direct-grant-validate-otp', 'REQUIRED', 20)],
  },
  {
    alias: 'First Broker Login - Conditional Organization',
    description: 'Flow to determine if the authenticator that adds organization members is to be used',
    providerId: 'basic-flow',
    topLevel: false,
    steps: [step('conditional-user-configured', 'REQUIRED', 10), step('idp-add-organization-member', 'REQUIRED', 20)],
  },
  {
    alias: 'First broker login - Conditional 2FA',
    description: 'Flow to determine if any 2FA is required for the authentication',
    providerId: 'basic-flow',
    topLevel: false,
    steps: [
      step('conditional-user-configured', 'REQUIRED', 10),
      step('conditional-credential', 'REQUIRED', 20),
      step('auth-otp-form', 'ALTERNATIVE', 30),
      step('webauthn-authenticator', 'DISABLED', 40),
      step('auth-recovery-authn-code-form', 'DISABLED', 50),
    ],
  },
  {
    alias: 'Handle Existing Account',
    description:
      'Handle what to do if there is existing account with same email/username like authenticated identity provider',
    providerId: 'basic-flow',
    topLevel: false,
    steps: [step('idp-confirm-link', 'REQUIRED', 10), below('Account verification options', 'REQUIRED', 20)],
  },
  {
    alias: 'Organization',
    description: '',
    providerId: 'basic-flow',
    topLevel: false,
    steps: [below('Browser - Conditional Organization', 'CONDITIONAL', 10)],
  },
  {
    alias: 'Reset - Conditional OTP',
    description: 'Flow to determine if the OTP should be reset or not. Set to REQUIRED to force.',
    providerId: 'basic-flow',
    topLevel: false,
    steps: [step('conditional-user-configured', 'REQUIRED', 10), step('reset-otp', 'REQUIRED', 20)],
  },
  {
    alias: 'User creation or linking',
    description: 'Flow for the existing/non-existing user alternatives',
    providerId: 'basic-flow',
    topLevel: false,
    steps: [step('idp-create-user-if-unique', 'ALTERNATIVE', 10), below('Handle Existing Account', 'ALTERNATIVE', 20)],
  },
  {
    alias: 'Verify Existing Account by Re-authentication',
    description: 'Reauthentication of existing account',
    providerId: 'basic-flow',
    topLevel: false,
    steps: [
      step('idp-username-password-form', 'REQUIRED', 10),
      below('First broker login - Conditional 2FA', 'CONDITIONAL', 20),
    ],
  },
  {
    alias: 'forms',
    description: 'Username, password, otp and other auth forms.',
    providerId: 'basic-flow',
    topLevel: false,
    steps: [step('auth-username-password-form', 'REQUIRED', 10), below('Browser - Conditional 2FA', 'CONDITIONAL', 20)],
  },
  {
    alias: 'registration form',
    description: 'Registration form',
    providerId: 'form-flow',
    topLevel: false,
    steps: [
      step('registration-user-creation', 'REQUIRED', 20),
      step('registration-password-action', 'REQUIRED', 50),
      step('registration-recaptcha-action', 'DISABLED', 60),
      step('registration-terms-and-conditions', 'DISABLED', 70),
    ],
  },
];

interface Authenticator {
  readonly displayName: string;
  readonly choices: readonly Requirement[];
  readonly configurable: boolean;
}

/** How lists of executions name the authenticators of these flows, and what may be chosen for them. */
export const authenticators: Readonly<Record<string, Authenticator>> = {
  'auth-cookie': { displayName: 'Cookie', choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'], configurable: false },
  'auth-otp-form': { displayName: 'OTP Form', choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'], configurable: false },
  'auth-recovery-authn-code-form': {
    displayName: 'Recovery Authentication Code Form',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: false,
  },
  'auth-spnego': { displayName: 'Kerberos', choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'], configurable: false },
  'auth-username-password-form': { displayName: 'Username Password Form', choices: ['REQUIRED'], configurable: false },
  'client-jwt': { displayName: 'Signed JWT', choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'], configurable: false },
  'client-secret': {
    displayName: 'Client Id and Secret',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: false,
  },
  'client-secret-jwt': {
    displayName: 'Signed JWT with Client Secret',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: false,
  },
  'client-x509': {
    displayName: 'X509 Certificate',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: false,
  },
  'conditional-credential': {
    displayName: 'Condition - credential',
    choices: ['REQUIRED', 'DISABLED'],
    configurable: true,
  },
  'conditional-user-configured': {
    displayName: 'Condition - user configured',
    choices: ['REQUIRED', 'DISABLED'],
    configurable: false,
  },
  'direct-grant-validate-otp': {
    displayName: 'OTP',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: false,
  },
  'direct-grant-validate-password': {
    displayName: 'Password',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: false,
  },
  'direct-grant-validate-username': { displayName: 'Username Validation', choices: ['REQUIRED'], configurable: false },
  'docker-http-basic-authenticator': {
    displayName: 'Docker Authenticator',
    choices: ['REQUIRED'],
    configurable: false,
  },
  'federated-jwt': {
    displayName: 'Signed JWT - Federated',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: false,
  },
  'identity-provider-redirector': {
    displayName: 'Identity Provider Redirector',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: true,
  },
  'idp-add-organization-member': {
    displayName: 'Organization Member Onboard',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: false,
  },
  'idp-confirm-link': {
    displayName: 'Confirm link existing account',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: false,
  },
  'idp-create-user-if-unique': {
    displayName: 'Create User If Unique',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: true,
  },
  'idp-email-verification': {
    displayName: 'Verify existing account by Email',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: false,
  },
  'idp-review-profile': {
    displayName: 'Review Profile',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: true,
  },
  'idp-username-password-form': {
    displayName: 'Username Password Form for identity provider reauthentication',
    choices: ['REQUIRED'],
    configurable: false,
  },
  organization: {
    displayName: 'Organization Identity-First Login',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: true,
  },
  'registration-page-form': {
    displayName: 'registration form',
    choices: ['REQUIRED', 'DISABLED'],
    configurable: false,
  },
  'registration-password-action': {
    displayName: 'Password Validation',
    choices: ['REQUIRED', 'DISABLED'],
    configurable: true,
  },
  'registration-recaptcha-action': { displayName: 'reCAPTCHA', choices: ['REQUIRED', 'DISABLED'], configurable: true },
  'registration-terms-and-conditions': {
    displayName: 'Terms and conditions',
    choices: ['REQUIRED', 'DISABLED'],
    configurable: false,
  },
  'registration-user-creation': {
    displayName: 'Registration User Profile Creation',
    choices: ['REQUIRED', 'DISABLED'],
    configurable: false,
  },
  'reset-credential-email': { displayName: 'Send Reset Email', choices: ['REQUIRED'], configurable: true },
  'reset-credentials-choose-user': { displayName: 'Choose User', choices: ['REQUIRED'], configurable: false },
  'reset-otp': { displayName: 'Reset OTP', choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'], configurable: true },
  'reset-password': {
    displayName: 'Reset Password',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: false,
  },
  'webauthn-authenticator': {
    displayName: 'WebAuthn Authenticator',
    choices: ['REQUIRED', 'ALTERNATIVE', 'DISABLED'],
    configurable: false,
  },
};
