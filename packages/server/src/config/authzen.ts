import { z } from 'zod';

/** Decisions for other services (AuthZEN 1.0). */
export const authzenSection = z.strictObject({
  role: z
    .string()
    .min(1)
    .default('keyturn-resource-server')
    .describe(
      'Who may ask about anybody at POST /access/v1/evaluation, and is believed what it says of them; auth.adminRole may too. Everybody else may ask about themselves.',
    ),
});
