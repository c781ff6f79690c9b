import { z } from 'zod';

/** The client by which people log in at Keyturn itself: by code flow with PKCE, redirect URI <publicUrl>/login/callback. */
export const loginSection = z.strictObject({
  clientId: z
    .string()
    .min(1)
    .describe('The client of the code flow (KEYCLOAK_CLIENT_ID). Its access tokens need Keyturn in their audience.'),
  clientSecret: z
    .string()
    .min(1)
    .optional()
    .describe('KEYCLOAK_CLIENT_SECRET. Without one it is a public client, and start-up warns.'),
  authorizationEndpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Where browsers are sent. Default: what the issuer’s discovery document says.'),
  scopes: z
    .array(z.string().min(1))
    .default(['openid', 'profile', 'email'])
    .describe('Asked for at login; `openid` is always asked for.'),
  sessionIdle: z
    .int()
    .min(60)
    .max(86_400)
    .default(1800)
    .describe('Seconds without a request after which a session is over; noted to the minute.'),
  sessionMax: z
    .int()
    .min(300)
    .max(30 * 86_400)
    .default(36_000)
    .describe('Seconds after which a session is over, however busy it is.'),
  maxSessions: z
    .int()
    .min(1)
    .max(1000)
    .default(50)
    .describe('Sessions of one user; a further login ends the one that was used least lately.'),
  refreshInterval: z
    .int()
    .min(30)
    .max(3600)
    .default(300)
    .describe(
      'Seconds after which the tokens of a session in use are refreshed, even if they are still good: how late a change of its user’s groups is noticed where groupSyncInterval does not look.',
    ),
  allowPlainHttp: z
    .boolean()
    .default(false)
    .describe(
      'Lets sessions run over plain http on a public name. Cookies can then be read and set by whoever is on the way; start-up warns.',
    ),
  groupsClaim: z
    .string()
    .min(1)
    .default('groups')
    .describe('The claim that holds the user’s groups (Keycloak: a Group Membership mapper).'),
  groupSyncInterval: z
    .int()
    .min(0)
    .max(86_400)
    .default(300)
    .describe(
      'Seconds between two looks at the groups of all users by Keycloak’s admin API; one replica looks. Needs syncClientId; 0 turns it off.',
    ),
  syncClientId: z
    .string()
    .min(1)
    .optional()
    .describe('A client whose service account has view-users of realm-management. Default: pat.readerClientId.'),
  syncClientSecret: z.string().min(1).optional().describe('Default: pat.readerClientSecret.'),
  cliClientId: z
    .string()
    .min(1)
    .optional()
    .describe('The public client of “keyturn auth login”, told to whoever asks at GET /auth/config.'),
  cliScopes: z.array(z.string().min(1)).default(['openid', 'profile', 'email']),
});

export type LoginSettings = z.infer<typeof loginSection>;
