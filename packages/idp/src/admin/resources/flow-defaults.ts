/** One step of a flow: an authenticator, or a flow below it. */
interface Step {
  readonly authenticator?: string;
  readonly flow?: string;
  readonly requirement: 'REQUIRED' | 'ALTERNATIVE' | 'CONDITIONAL' | 'DISABLED';
  readonly priority: number;
}

/** A built-in flow of a new realm. What login really does here is fixed; these say what Keycloak's tools expect to find. */
export interface FlowDefault {
  readonly alias: string;
  readonly description: string;
  readonly providerId: 'basic-flow' | 'client-flow' | 'form-flow';
  readonly topLevel: boolean;
  readonly steps: readonly Step[];
}

const step = (authenticator: string, requirement: Step['requirement'], priority: number): Step => ({
  authenticator,
  requirement,
  priority,
});
const below = (flow: string, requirement: Step['requirement'], priority: number): Step => ({
  flow,
  requirement,
  priority,
});
const top = (alias: string, description: string, steps: readonly Step[]): FlowDefault => ({
  alias,
  description,
  providerId: 'basic-flow',
  topLevel: true,
  steps,
});
const sub = (alias: string, description: string, steps: readonly Step[]): FlowDefault => ({
  ...top(alias, description, steps),
  topLevel: false,
});

/** The built-in flows and their sub-flows. */
export const flowDefaults: readonly FlowDefault[] = [
  top('browser', 'Browser based authentication', [
    step('auth-cookie', 'ALTERNATIVE', 10),
    step('auth-spnego', 'DISABLED', 20),
    step('identity-provider-redirector', 'ALTERNATIVE', 25),
    below('forms', 'ALTERNATIVE', 30),
  ]),
  sub('forms', 'Username, password, otp and other auth forms.', [
    step('auth-username-password-form', 'REQUIRED', 10),
    below('Browser - Conditional 2FA', 'CONDITIONAL', 20),
  ]),
  sub('Browser - Conditional 2FA', 'Flow to determine if any 2FA is required for the authentication', [
    step('conditional-user-configured', 'REQUIRED', 10),
    step('auth-otp-form', 'ALTERNATIVE', 30),
    step('webauthn-authenticator', 'DISABLED', 40),
    step('auth-recovery-authn-code-form', 'DISABLED', 50),
  ]),
  top('direct grant', 'OpenID Connect Resource Owner Grant', [
    step('direct-grant-validate-username', 'REQUIRED', 10),
    step('direct-grant-validate-password', 'REQUIRED', 20),
    below('Direct Grant - Conditional OTP', 'CONDITIONAL', 30),
  ]),
  sub('Direct Grant - Conditional OTP', 'Flow to determine if the OTP is required for the authentication', [
    step('conditional-user-configured', 'REQUIRED', 10),
    step('direct-grant-validate-otp', 'REQUIRED', 20),
  ]),
  top('registration', 'Registration flow', [below('registration form', 'REQUIRED', 10)]),
  {
    ...sub('registration form', 'Registration form', [
      step('registration-user-creation', 'REQUIRED', 20),
      step('registration-password-action', 'REQUIRED', 50),
      step('registration-recaptcha-action', 'DISABLED', 60),
      step('registration-terms-and-conditions', 'DISABLED', 70),
    ]),
    providerId: 'form-flow',
  },
  top('reset credentials', 'Reset credentials for a user if they forgot their password or something', [
    step('reset-credentials-choose-user', 'REQUIRED', 10),
    step('reset-credential-email', 'REQUIRED', 20),
    step('reset-password', 'REQUIRED', 30),
    below('Reset - Conditional OTP', 'CONDITIONAL', 40),
  ]),
  sub('Reset - Conditional OTP', 'Flow to determine if the OTP should be reset or not. Set to REQUIRED to force.', [
    step('conditional-user-configured', 'REQUIRED', 10),
    step('reset-otp', 'REQUIRED', 20),
  ]),
  {
    ...top('clients', 'Base authentication for clients', [
      step('client-secret', 'ALTERNATIVE', 10),
      step('client-jwt', 'ALTERNATIVE', 20),
      step('client-secret-jwt', 'ALTERNATIVE', 30),
      step('client-x509', 'ALTERNATIVE', 40),
    ]),
    providerId: 'client-flow',
  },
  top(
    'first broker login',
    'Actions taken after first broker login with identity provider account, which is not yet linked to any Keycloak account',
    [step('idp-review-profile', 'REQUIRED', 10), below('User creation or linking', 'REQUIRED', 20)],
  ),
  sub('User creation or linking', 'Flow for the existing/non-existing user alternatives', [
    step('idp-create-user-if-unique', 'ALTERNATIVE', 10),
    below('Handle Existing Account', 'ALTERNATIVE', 20),
  ]),
  sub(
    'Handle Existing Account',
    'Handle what to do if there is existing account with same email/username like authenticated identity provider',
    [step('idp-confirm-link', 'REQUIRED', 10), below('Account verification options', 'REQUIRED', 20)],
  ),
  sub('Account verification options', 'Method with which to verify the existing account', [
    step('idp-email-verification', 'ALTERNATIVE', 10),
    below('Verify Existing Account by Re-authentication', 'ALTERNATIVE', 20),
  ]),
  sub('Verify Existing Account by Re-authentication', 'Reauthentication of existing account', [
    step('idp-username-password-form', 'REQUIRED', 10),
    below('First broker login - Conditional 2FA', 'CONDITIONAL', 20),
  ]),
  sub('First broker login - Conditional 2FA', 'Flow to determine if any 2FA is required for the authentication', [
    step('conditional-user-configured', 'REQUIRED', 10),
    step('auth-otp-form', 'ALTERNATIVE', 30),
    step('webauthn-authenticator', 'DISABLED', 40),
    step('auth-recovery-authn-code-form', 'DISABLED', 50),
  ]),
  top('docker auth', 'Used by Docker clients to authenticate against the IDP', [
    step('docker-http-basic-authenticator', 'REQUIRED', 10),
  ]),
];
