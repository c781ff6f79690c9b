import { z } from 'zod';

/** The client by which people log in at Keyturn itself: by code flow with PKCE, redirect URI <publicUrl>/login/callback. */
export const loginSection = z.strictObject({
  clientId: z.string().min(1).describe('The client of the code flow. Its tokens need Keyturn in their audience.'),
  clientSecret: z.string().min(1).optional().describe('Without one it is a public client.'),
  authorizationEndpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Where browsers are sent. Default: below the issuer, as in Keycloak.'),
  cliClientId: z
    .string()
    .min(1)
    .optional()
    .describe('The public client of “keyturn auth login”, told to whoever asks at GET /auth/config.'),
  cliScopes: z.array(z.string().min(1)).default(['openid', 'profile', 'email']),
});

export type LoginSettings = z.infer<typeof loginSection>;
