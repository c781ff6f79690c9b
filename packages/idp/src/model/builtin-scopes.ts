/** A client scope that every new realm has. */
export interface BuiltinScope {
  readonly name: string;
  readonly description: string;
  readonly protocol: string;
  /** Whether a new client gets it as default, as optional or not at all. */
  readonly assignment: 'default' | 'optional' | 'none';
  readonly attributes: Readonly<Record<string, string>>;
  readonly mappers: readonly {
    readonly name: string;
    readonly protocolMapper: string;
    readonly config: Readonly<Record<string, string>>;
  }[];
}

/** The client scopes of a new realm and their mappers, as recorded from Keycloak 26.7.3 (`adm.scopes-fresh`). */
export const builtinScopes: readonly BuiltinScope[] = [
  {
    name: 'AuthnContextClassRef',
    description: 'AuthnContextClassRef Level of Authentiation',
    protocol: 'saml',
    assignment: 'default',
    attributes: {},
    mappers: [
      {
        name: 'AuthnContextClassRef',
        protocolMapper: 'saml-authn-context-class-ref-mapper',
        config: {},
      },
    ],
  },
  {
    name: 'acr',
    description: 'OpenID Connect scope for add acr (authentication context class reference) to the token',
    protocol: 'openid-connect',
    assignment: 'default',
    attributes: {
      'include.in.token.scope': 'false',
      'display.on.consent.screen': 'false',
    },
    mappers: [
      {
        name: 'acr loa level',
        protocolMapper: 'oidc-acr-mapper',
        config: {
          'id.token.claim': 'true',
          'introspection.token.claim': 'true',
          'access.token.claim': 'true',
        },
      },
    ],
  },
  {
    name: 'address',
    description: 'OpenID Connect built-in scope: address',
    protocol: 'openid-connect',
    assignment: 'optional',
    attributes: {
      'include.in.token.scope': 'true',
      'consent.screen.text': '${addressScopeConsentText}',
      'display.on.consent.screen': 'true',
    },
    mappers: [
      {
        name: 'address',
        protocolMapper: 'oidc-address-mapper',
        config: {
          'user.attribute.formatted': 'formatted',
          'user.attribute.country': 'country',
          'introspection.token.claim': 'true',
          'user.attribute.postal_code': 'postal_code',
          'userinfo.token.claim': 'true',
          'user.attribute.street': 'street',
          'id.token.claim': 'true',
          'user.attribute.region': 'region',
          'access.token.claim': 'true',
          'user.attribute.locality': 'locality',
        },
      },
    ],
  },
  {
    name: 'basic',
    description: 'OpenID Connect scope for add all basic claims to the token',
    protocol: 'openid-connect',
    assignment: 'default',
    attributes: {
      'include.in.token.scope': 'false',
      'display.on.consent.screen': 'false',
    },
    mappers: [
      {
        name: 'auth_time',
        protocolMapper: 'oidc-usersessionmodel-note-mapper',
        config: {
          'user.session.note': 'AUTH_TIME',
          'id.token.claim': 'true',
          'introspection.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'auth_time',
          'jsonType.label': 'long',
        },
      },
      {
        name: 'sub',
        protocolMapper: 'oidc-sub-mapper',
        config: {
          'introspection.token.claim': 'true',
          'access.token.claim': 'true',
        },
      },
    ],
  },
  {
    name: 'email',
    description: 'OpenID Connect built-in scope: email',
    protocol: 'openid-connect',
    assignment: 'default',
    attributes: {
      'include.in.token.scope': 'true',
      'consent.screen.text': '${emailScopeConsentText}',
      'display.on.consent.screen': 'true',
    },
    mappers: [
      {
        name: 'email verified',
        protocolMapper: 'oidc-usermodel-property-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'emailVerified',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'email_verified',
          'jsonType.label': 'boolean',
        },
      },
      {
        name: 'email',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'email',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'email',
          'jsonType.label': 'String',
        },
      },
    ],
  },
  {
    name: 'microprofile-jwt',
    description: 'Microprofile - JWT built-in scope',
    protocol: 'openid-connect',
    assignment: 'optional',
    attributes: {
      'include.in.token.scope': 'true',
      'display.on.consent.screen': 'false',
    },
    mappers: [
      {
        name: 'groups',
        protocolMapper: 'oidc-usermodel-realm-role-mapper',
        config: {
          'introspection.token.claim': 'true',
          multivalued: 'true',
          'user.attribute': 'foo',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'groups',
          'jsonType.label': 'String',
        },
      },
      {
        name: 'upn',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'username',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'upn',
          'jsonType.label': 'String',
        },
      },
    ],
  },
  {
    name: 'offline_access',
    description: 'OpenID Connect built-in scope: offline_access',
    protocol: 'openid-connect',
    assignment: 'optional',
    attributes: {
      'consent.screen.text': '${offlineAccessScopeConsentText}',
      'display.on.consent.screen': 'true',
    },
    mappers: [],
  },
  {
    name: 'organization',
    description: 'Additional claims about the organization a subject belongs to',
    protocol: 'openid-connect',
    assignment: 'optional',
    attributes: {
      'include.in.token.scope': 'true',
      'consent.screen.text': '${organizationScopeConsentText}',
      'display.on.consent.screen': 'true',
    },
    mappers: [
      {
        name: 'organization',
        protocolMapper: 'oidc-organization-membership-mapper',
        config: {
          'id.token.claim': 'true',
          'introspection.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'organization',
          'jsonType.label': 'String',
          multivalued: 'true',
        },
      },
    ],
  },
  {
    name: 'phone',
    description: 'OpenID Connect built-in scope: phone',
    protocol: 'openid-connect',
    assignment: 'optional',
    attributes: {
      'include.in.token.scope': 'true',
      'consent.screen.text': '${phoneScopeConsentText}',
      'display.on.consent.screen': 'true',
    },
    mappers: [
      {
        name: 'phone number verified',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'phoneNumberVerified',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'phone_number_verified',
          'jsonType.label': 'boolean',
        },
      },
      {
        name: 'phone number',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'phoneNumber',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'phone_number',
          'jsonType.label': 'String',
        },
      },
    ],
  },
  {
    name: 'profile',
    description: 'OpenID Connect built-in scope: profile',
    protocol: 'openid-connect',
    assignment: 'default',
    attributes: {
      'include.in.token.scope': 'true',
      'consent.screen.text': '${profileScopeConsentText}',
      'display.on.consent.screen': 'true',
    },
    mappers: [
      {
        name: 'nickname',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'nickname',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'nickname',
          'jsonType.label': 'String',
        },
      },
      {
        name: 'family name',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'lastName',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'family_name',
          'jsonType.label': 'String',
        },
      },
      {
        name: 'gender',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'gender',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'gender',
          'jsonType.label': 'String',
        },
      },
      {
        name: 'profile',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'profile',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'profile',
          'jsonType.label': 'String',
        },
      },
      {
        name: 'middle name',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'middleName',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'middle_name',
          'jsonType.label': 'String',
        },
      },
      {
        name: 'full name',
        protocolMapper: 'oidc-full-name-mapper',
        config: {
          'id.token.claim': 'true',
          'introspection.token.claim': 'true',
          'access.token.claim': 'true',
          'userinfo.token.claim': 'true',
        },
      },
      {
        name: 'zoneinfo',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'zoneinfo',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'zoneinfo',
          'jsonType.label': 'String',
        },
      },
      {
        name: 'updated at',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'updatedAt',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'updated_at',
          'jsonType.label': 'long',
        },
      },
      {
        name: 'website',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'website',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'website',
          'jsonType.label': 'String',
        },
      },
      {
        name: 'given name',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'firstName',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'given_name',
          'jsonType.label': 'String',
        },
      },
      {
        name: 'username',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'username',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'preferred_username',
          'jsonType.label': 'String',
        },
      },
      {
        name: 'birthdate',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'birthdate',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'birthdate',
          'jsonType.label': 'String',
        },
      },
      {
        name: 'locale',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'locale',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'locale',
          'jsonType.label': 'String',
        },
      },
      {
        name: 'picture',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'picture',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'picture',
          'jsonType.label': 'String',
        },
      },
    ],
  },
  {
    name: 'role_list',
    description: 'SAML role list',
    protocol: 'saml',
    assignment: 'default',
    attributes: {
      'consent.screen.text': '${samlRoleListScopeConsentText}',
      'display.on.consent.screen': 'true',
    },
    mappers: [
      {
        name: 'role list',
        protocolMapper: 'saml-role-list-mapper',
        config: {
          single: 'false',
          'attribute.nameformat': 'Basic',
          'attribute.name': 'Role',
        },
      },
    ],
  },
  {
    name: 'roles',
    description: 'OpenID Connect scope for add user roles to the access token',
    protocol: 'openid-connect',
    assignment: 'default',
    attributes: {
      'include.in.token.scope': 'false',
      'consent.screen.text': '${rolesScopeConsentText}',
      'display.on.consent.screen': 'true',
    },
    mappers: [
      {
        name: 'realm roles',
        protocolMapper: 'oidc-usermodel-realm-role-mapper',
        config: {
          'user.attribute': 'foo',
          'introspection.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'realm_access.roles',
          'jsonType.label': 'String',
          multivalued: 'true',
        },
      },
      {
        name: 'audience resolve',
        protocolMapper: 'oidc-audience-resolve-mapper',
        config: {
          'introspection.token.claim': 'true',
          'access.token.claim': 'true',
        },
      },
      {
        name: 'client roles',
        protocolMapper: 'oidc-usermodel-client-role-mapper',
        config: {
          'user.attribute': 'foo',
          'introspection.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'resource_access.${client_id}.roles',
          'jsonType.label': 'String',
          multivalued: 'true',
        },
      },
    ],
  },
  {
    name: 'saml_organization',
    description: 'Organization Membership',
    protocol: 'saml',
    assignment: 'default',
    attributes: {
      'display.on.consent.screen': 'false',
    },
    mappers: [
      {
        name: 'organization',
        protocolMapper: 'saml-organization-membership-mapper',
        config: {},
      },
    ],
  },
  {
    name: 'service_account',
    description: 'Specific scope for a client enabled for service accounts',
    protocol: 'openid-connect',
    assignment: 'none',
    attributes: {
      'include.in.token.scope': 'false',
      'display.on.consent.screen': 'false',
    },
    mappers: [
      {
        name: 'Client Host',
        protocolMapper: 'oidc-usersessionmodel-note-mapper',
        config: {
          'user.session.note': 'clientHost',
          'id.token.claim': 'true',
          'introspection.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'clientHost',
          'jsonType.label': 'String',
        },
      },
      {
        name: 'Client IP Address',
        protocolMapper: 'oidc-usersessionmodel-note-mapper',
        config: {
          'user.session.note': 'clientAddress',
          'id.token.claim': 'true',
          'introspection.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'clientAddress',
          'jsonType.label': 'String',
        },
      },
      {
        name: 'Client ID',
        protocolMapper: 'oidc-usersessionmodel-note-mapper',
        config: {
          'user.session.note': 'client_id',
          'id.token.claim': 'true',
          'introspection.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'client_id',
          'jsonType.label': 'String',
        },
      },
    ],
  },
  {
    name: 'web-origins',
    description: 'OpenID Connect scope for add allowed web origins to the access token',
    protocol: 'openid-connect',
    assignment: 'default',
    attributes: {
      'include.in.token.scope': 'false',
      'consent.screen.text': '',
      'display.on.consent.screen': 'false',
    },
    mappers: [
      {
        name: 'allowed web origins',
        protocolMapper: 'oidc-allowed-origins-mapper',
        config: {
          'introspection.token.claim': 'true',
          'access.token.claim': 'true',
        },
      },
    ],
  },
];
