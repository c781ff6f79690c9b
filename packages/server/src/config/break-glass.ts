import { z } from 'zod';
import { parseScryptHash } from './scrypt-hash.ts';

const account = z.strictObject({
  username: z.string().regex(/^[A-Za-z0-9._@-]{1,64}$/, 'letters, digits and . _ @ -'),
  /** `$scrypt$…`, as “keyturn break-glass new” prints it. */
  passwordHash: z
    .string()
    .refine(
      (text) => parseScryptHash(text) !== undefined,
      'is no hash that a password can be checked against: use keyturn break-glass new',
    ),
  /** Base 32, at least 160 bits. RFC 4226 §4. */
  totpSecret: z.string().regex(/^[A-Z2-7]{32,}$/, 'base 32, at least 32 characters: use keyturn break-glass new'),
});

/**
 * Local login for emergencies, by superusers only: name, password and a one-time code, while the identity provider is
 * down. Off unless this section is present; with it the server starts without the issuer.
 */
export const breakGlassSection = z.strictObject({
  accounts: z
    .array(account)
    .min(1)
    .refine((all) => new Set(all.map(({ username }) => username)).size === all.length, 'names a username twice')
    .describe('username, passwordHash, totpSecret of each; “keyturn break-glass new USERNAME” makes one.'),
  roles: z
    .array(z.string().min(1))
    .default([])
    .describe('What whoever comes in this way is, besides auth.adminRole and a superuser.'),
  sessionMax: z.int().min(300).max(86_400).default(3600).describe('Seconds after which such a session is over.'),
  attempts: z
    .int()
    .min(1)
    .max(100)
    .default(5)
    .describe(
      'Failed attempts in 15 minutes by one address; further ones are 429. All addresses together have twenty times as many at one account.',
    ),
});

export type BreakGlassSettings = z.infer<typeof breakGlassSection>;
