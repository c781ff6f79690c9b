import type { Requirement } from './authenticators.ts';

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

const topLevel = (
  alias: string,
  description: string,
  steps: readonly Step[],
  providerId = 'basic-flow',
): FlowDefault => ({
  alias,
  description,
  providerId,
  topLevel: true,
  steps,
});
const subFlow = (...given: Parameters<typeof topLevel>): FlowDefault => ({ ...topLevel(...given), topLevel: false });
const step = (authenticator: string, requirement: Requirement, priority: number): Step => ({
  authenticator,
  requirement,
  priority,
});
const below = (flow: string, requirement: Requirement, priority: number): Step => ({ flow, requirement, priority });

/** The built-in flows and their sub-flows, as Keycloak 26.7.3 makes them. */
export const flowDefaults: readonly FlowDefault[] = [
  topLevel('browser', 'Browser based authentication', [
    step('auth-cookie', 'ALTERNATIVE', 10),
    step('auth-spnego', 'DISABLED', 20),
    step('identity-provider-redirector', 'ALTERNATIVE', 25),
    below('Organization', 'ALTERNATIVE', 26),
    below('forms', 'ALTERNATIVE', 30),
  ]),
  topLevel('direct grant', 'OpenID Connect Resource Owner Grant', [
    step('direct-grant-validate-username', 'REQUIRED', 10),
    step('direct-grant-validate-password', 'REQUIRED', 20),
    below('Direct Grant - Conditional OTP', 'CONDITIONAL', 30),
  ]),
  topLevel('registration', 'Registration flow', [
    { authenticator: 'registration-page-form', flow: 'registration form', requirement: 'REQUIRED', priority: 10 },
  ]),
  topLevel('reset credentials', 'Reset credentials for a user if they forgot their password or something', [
    step('reset-credentials-choose-user', 'REQUIRED', 10),
    step('reset-credential-email', 'REQUIRED', 20),
    step('reset-password', 'REQUIRED', 30),
    below('Reset - Conditional OTP', 'CONDITIONAL', 40),
  ]),
  topLevel(
    'clients',
    'Base authentication for clients',
    [
      step('client-secret', 'ALTERNATIVE', 10),
      step('client-jwt', 'ALTERNATIVE', 20),
      step('client-secret-jwt', 'ALTERNATIVE', 30),
      step('client-x509', 'ALTERNATIVE', 40),
      step('federated-jwt', 'ALTERNATIVE', 50),
    ],
    'client-flow',
  ),
  topLevel(
    'first broker login',
    'Actions taken after first broker login with identity provider account, which is not yet linked to any Keycloak account',
    [
      step('idp-review-profile', 'REQUIRED', 10),
      below('User creation or linking', 'REQUIRED', 20),
      below('First Broker Login - Conditional Organization', 'CONDITIONAL', 60),
    ],
  ),
  topLevel('docker auth', 'Used by Docker clients to authenticate against the IDP', [
    step('docker-http-basic-authenticator', 'REQUIRED', 10),
  ]),
  subFlow('Account verification options', 'Method with which to verify the existing account', [
    step('idp-email-verification', 'ALTERNATIVE', 10),
    below('Verify Existing Account by Re-authentication', 'ALTERNATIVE', 20),
  ]),
  subFlow('Browser - Conditional 2FA', 'Flow to determine if any 2FA is required for the authentication', [
    step('conditional-user-configured', 'REQUIRED', 10),
    step('conditional-credential', 'REQUIRED', 20),
    step('auth-otp-form', 'ALTERNATIVE', 30),
    step('webauthn-authenticator', 'DISABLED', 40),
    step('auth-recovery-authn-code-form', 'DISABLED', 50),
  ]),
  subFlow(
    'Browser - Conditional Organization',
    'Flow to determine if the organization identity-first login is to be used',
    [step('conditional-user-configured', 'REQUIRED', 10), step('organization', 'ALTERNATIVE', 20)],
  ),
  subFlow('Direct Grant - Conditional OTP', 'Flow to determine if the OTP is required for the authentication', [
    step('conditional-user-configured', 'REQUIRED', 10),
    step('direct-grant-validate-otp', 'REQUIRED', 20),
  ]),
  subFlow(
    'First Broker Login - Conditional Organization',
    'Flow to determine if the authenticator that adds organization members is to be used',
    [step('conditional-user-configured', 'REQUIRED', 10), step('idp-add-organization-member', 'REQUIRED', 20)],
  ),
  subFlow('First broker login - Conditional 2FA', 'Flow to determine if any 2FA is required for the authentication', [
    step('conditional-user-configured', 'REQUIRED', 10),
    step('conditional-credential', 'REQUIRED', 20),
    step('auth-otp-form', 'ALTERNATIVE', 30),
    step('webauthn-authenticator', 'DISABLED', 40),
    step('auth-recovery-authn-code-form', 'DISABLED', 50),
  ]),
  subFlow(
    'Handle Existing Account',
    'Handle what to do if there is existing account with same email/username like authenticated identity provider',
    [step('idp-confirm-link', 'REQUIRED', 10), below('Account verification options', 'REQUIRED', 20)],
  ),
  subFlow('Organization', '', [below('Browser - Conditional Organization', 'CONDITIONAL', 10)]),
  subFlow('Reset - Conditional OTP', 'Flow to determine if the OTP should be reset or not. Set to REQUIRED to force.', [
    step('conditional-user-configured', 'REQUIRED', 10),
    step('reset-otp', 'REQUIRED', 20),
  ]),
  subFlow('User creation or linking', 'Flow for the existing/non-existing user alternatives', [
    step('idp-create-user-if-unique', 'ALTERNATIVE', 10),
    below('Handle Existing Account', 'ALTERNATIVE', 20),
  ]),
  subFlow('Verify Existing Account by Re-authentication', 'Reauthentication of existing account', [
    step('idp-username-password-form', 'REQUIRED', 10),
    below('First broker login - Conditional 2FA', 'CONDITIONAL', 20),
  ]),
  subFlow('forms', 'Username, password, otp and other auth forms.', [
    step('auth-username-password-form', 'REQUIRED', 10),
    below('Browser - Conditional 2FA', 'CONDITIONAL', 20),
  ]),
  subFlow(
    'registration form',
    'Registration form',
    [
      step('registration-user-creation', 'REQUIRED', 20),
      step('registration-password-action', 'REQUIRED', 50),
      step('registration-recaptcha-action', 'DISABLED', 60),
      step('registration-terms-and-conditions', 'DISABLED', 70),
    ],
    'form-flow',
  ),
];
