import { z } from 'zod';

const year = 86_400 * 365;

/** The seed's names of its issuers, as they stand in its Helm values. */
export const keycloakIssuerName = 'niuu.adapters.keycloak_token_issuer.KeycloakTokenIssuer';
export const memoryIssuerName = 'niuu.adapters.memory_token_issuer.MemoryTokenIssuer';

/** Personal access tokens (seed 000). The feature is on when this section is present. */
export const patSection = z.strictObject({
  kind: z
    .enum(['reference', 'jwt', 'memory-for-development-only'])
    .optional()
    .describe(
      'What a token is if the request does not say. Default: what token_issuer_adapter says, else `reference` (recommended).',
    ),
  token_issuer_adapter: z
    .enum([keycloakIssuerName, memoryIssuerName])
    .optional()
    .describe('Seed 000’s name: the Keycloak issuer makes `jwt` tokens; the memory issuer is for development only.'),
  token_issuer_kwargs: z
    .strictObject({
      token_url: z.url({ protocol: /^https?$/ }).optional(),
      client_id: z.string().min(1).optional(),
      client_secret: z.string().min(1).optional(),
      audience: z.string().optional(),
      signing_key: z.string().min(1).optional(),
    })
    .prefault({})
    .describe(
      'The client that issues `jwt` tokens: token_url, client_id, client_secret, audience (Keycloak); signing_key (memory). Environment: PAT__TOKEN_ISSUER_KWARGS__CLIENT_SECRET and so on.',
    ),
  sealKey: z.string().min(1).optional().describe('The older name of seal.key; that one seals where both are given.'),
  formerSealKeys: z.array(z.string().min(1)).default([]).describe('Keys that still open what they sealed.'),
  defaultLifetime: z.int().min(60).max(year).default(year).describe('Seconds that a token lives if nothing is asked.'),
  maxLifetime: z
    .int()
    .min(60)
    .max(366 * 86_400)
    .default(year)
    .describe('No token is made that lives longer.'),
  defaultOverlap: z.int().min(0).default(3600).describe('Seconds for which the old secret works after a rotation.'),
  maxOverlap: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(7 * 86_400),
  maxPerOwner: z.int().min(1).max(10_000).default(100),
  ownerInterval: z
    .number()
    .min(5)
    .max(3600)
    .default(60)
    .describe(
      'Seconds after which an owner is looked at again: how late a disabled or deleted user, or a lost role, is noticed.',
    ),
  readerClientId: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A client whose service account has view-users of realm-management: by it owners of `jwt` tokens are looked at. Not the issuing client: what it may, its tokens may. Without one a disabled user’s `jwt` tokens work until they are revoked here, and start-up says so.',
    ),
  readerClientSecret: z.string().min(1).optional(),
  grantIdle: z
    .int()
    .min(3600)
    .default(7 * 86_400)
    .describe(
      'Offline grants that lay still for so long are refreshed. Keep it well inside the realm’s Offline Session Idle.',
    ),
  announceBefore: z
    .int()
    .min(0)
    .default(7 * 86_400)
    .describe('Seconds before its end at which a token is announced.'),
  revocationsRole: z
    .string()
    .min(1)
    .default('keyturn-resource-server')
    .describe(
      'Who may follow GET /api/v1/revocations and use POST /oauth2/introspect with a token; auth.adminRole may too.',
    ),
  introspectionClients: z
    .record(z.string(), z.string().min(16, 'a secret has at least 16 characters'))
    .default({})
    .describe('Clients (id: secret) that may use POST /oauth2/introspect with HTTP Basic.'),
});

export type PatSettings = z.infer<typeof patSection>;
