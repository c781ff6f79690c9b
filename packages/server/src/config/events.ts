import { parseWebhookSecret } from '@keyturn/net';
import { z } from 'zod';

const secret = z.string().refine((text) => parseWebhookSecret(text).ok, {
  error: 'is not whsec_ followed by 24 to 64 bytes in base64',
});

/** What happens is told to others by signed webhooks (Standard Webhooks 1.0). */
export const eventsSection = z.strictObject({
  webhooks: z
    .array(
      z.strictObject({
        url: z.url({ protocol: /^https?$/ }),
        /** `whsec_…`; two while one is being replaced. */
        secrets: z.array(secret).min(1).max(5),
        /** Names of events; `*` at the end stands for anything. Default: all. */
        events: z.array(z.string().min(1)).default(['*']),
      }),
    )
    .default([])
    .describe(
      'url, secrets (whsec_…, several while one is replaced), events (names, `*` at the end; default all). Delivered at least once, tried again for three days.',
    ),
  allowedHosts: z
    .array(z.string().min(1))
    .default([])
    .describe('Receivers that may lie at private addresses: host, host:port, CIDR or *.suffix.'),
});

export type EventSettings = z.infer<typeof eventsSection>;
