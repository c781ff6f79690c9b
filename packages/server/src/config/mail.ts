import type { MailServer } from '@keyturn/net';
import { z } from 'zod';

/** The operator's SMTP server. Mails are sent when this section is present. */
export const mailSection = z.strictObject({
  host: z.string().min(1),
  port: z.int().min(1).max(65_535).optional().describe('Default 465 for tls, 587 for starttls, 25 for none.'),
  security: z.enum(['tls', 'starttls', 'none']).default('starttls').describe('`none` sends in the clear.'),
  user: z.string().min(1).optional(),
  password: z.string().min(1).optional(),
  from: z.string().min(3).describe('The address that mails come from.'),
});

export type MailSettings = z.infer<typeof mailSection>;

/** The section as the sender wants it. */
export function mailServerOf({ host, port, security, user, password, from }: MailSettings): MailServer {
  return {
    host,
    security,
    from: { address: from, name: 'Keyturn' },
    ...(port === undefined ? {} : { port }),
    ...(user === undefined || password === undefined ? {} : { auth: { user, password } }),
  };
}
