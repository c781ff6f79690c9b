import type { IdpState, Realm } from '../model/index.ts';

/** The type of the components that say who may register clients by themselves. */
const policyType = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy';

const mapperTypes = [
  'oidc-address-mapper',
  'oidc-full-name-mapper',
  'oidc-sha256-pairwise-sub-mapper',
  'oidc-usermodel-attribute-mapper',
  'oidc-usermodel-property-mapper',
  'saml-role-list-mapper',
  'saml-user-attribute-mapper',
  'saml-user-property-mapper',
];

type Policy = readonly [
  subType: 'anonymous' | 'authenticated',
  name: string,
  providerId: string,
  config: Readonly<Record<string, readonly string[]>>,
];

const policies: readonly Policy[] = [
  [
    'anonymous',
    'Trusted Hosts',
    'trusted-hosts',
    { 'host-sending-registration-request-must-match': ['true'], 'client-uris-must-match': ['true'] },
  ],
  ['anonymous', 'Consent Required', 'consent-required', {}],
  ['anonymous', 'Full Scope Disabled', 'scope', {}],
  ['anonymous', 'Max Clients Limit', 'max-clients', { 'max-clients': ['200'] }],
  ...(['anonymous', 'authenticated'] as const).flatMap((subType): Policy[] => [
    [
      subType,
      'Allowed Protocol Mapper Types',
      'allowed-protocol-mappers',
      { 'allowed-protocol-mapper-types': mapperTypes },
    ],
    [subType, 'Allowed Client Scopes', 'allowed-client-templates', { 'allow-default-scopes': ['true'] }],
    [subType, 'Allowed Registration Web Origins', 'registration-web-origins', {}],
  ]),
];

/**
 * The policies for registering clients that every realm of Keycloak has, unless its file brings its own. Trusted hosts
 * and the limit of clients are obeyed (`protocol/registration/trusted-hosts.ts`), consent and no full scope always hold,
 * and the others are only shown.
 */
export function createRegistrationPolicies(state: IdpState, realm: Realm): void {
  if (state.components.ofRealm(realm.id).some((it) => it.providerType === policyType)) return;
  for (const [subType, name, providerId, config] of policies) {
    const id = state.newUuid();
    state.components.put({
      id,
      realmId: realm.id,
      name,
      providerId,
      providerType: policyType,
      parentId: realm.id,
      subType,
      config,
    });
  }
}
