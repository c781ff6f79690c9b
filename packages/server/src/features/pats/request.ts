import { z } from 'zod';
import { buildNetworks } from './door.ts';

/** What steers whatever shows it: control characters, ends of lines and paragraphs, and changes of direction. */
const steering = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** A name of 1 to 100 characters (code points); spaces round it are not part of it. */
const name = z
  .string()
  .trim()
  .refine((text) => text !== '' && Array.from(text).length <= 100, 'a name has 1 to 100 characters')
  .refine((text) => !steering.test(text), 'a name has no control characters');

const words = (what: string) =>
  z
    .array(
      z
        .string()
        .max(255)
        .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, `${what} is printable ASCII without spaces`),
    )
    .min(1)
    .max(50)
    .optional();

const cidr = z.string().refine((text) => {
  try {
    buildNetworks([text]);
    return true;
  } catch {
    return false;
  }
}, 'not an address or a network such as 10.0.0.0/8');

/** The body of POST /api/v1/users/tokens. Only `name` is needed. */
export const newPatSchema = z
  .strictObject({
    name,
    kind: z.enum(['reference', 'jwt', 'memory']).optional(),
    /** Seconds; or the moment itself. */
    expires_in: z.int().min(60).optional(),
    expires_at: z.iso.datetime({ offset: true }).optional(),
    audiences: words('an audience'),
    scopes: words('a scope'),
    tools: words('a tool'),
    source_cidrs: z.array(cidr).min(1).max(50).optional(),
    read_only: z.boolean().default(false),
    may_approve: z.boolean().default(false),
  })
  .refine((body) => body.expires_in === undefined || body.expires_at === undefined, {
    path: ['expires_in'],
    message: 'give expires_in or expires_at, not both',
  });
export type NewPat = z.infer<typeof newPatSchema>;

export const renamePatSchema = z.strictObject({ name });

/** Seconds for which the old secret still works; 0 ends it at once. */
export const rotatePatSchema = z.strictObject({ overlap: z.int().min(0).optional() });

/** The body of POST /api/v1/tokens/revoke: whose tokens. */
export const adminRevokeSchema = z
  .strictObject({
    /** `sub` of a user. */
    user: z.string().min(1).max(255).optional(),
    /** A client: tokens that were made through it. */
    client: z.string().min(1).max(255).optional(),
    everything: z.literal(true).optional(),
    /** Refuse ordinary access tokens too, of the same user or client, that were issued before now. */
    access_tokens: z.boolean().default(false),
  })
  .refine(
    (body) => [body.user, body.client, body.everything].filter((one) => one !== undefined).length === 1,
    'name one of user, client and everything',
  );
export type AdminRevoke = z.infer<typeof adminRevokeSchema>;
