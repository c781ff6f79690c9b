import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';

const hour = 3600;

/** What happened, and what keeps it believable. */
export const auditSection = z.strictObject({
  signingKey: z
    .string()
    .refine(isEd25519, 'is no Ed25519 private key in PEM (openssl genpkey -algorithm ed25519)')
    .optional()
    .describe(
      'The Ed25519 private key (PKCS#8, PEM) that signs checkpoints. Default: one is made and sealed with seal.key; with neither, the audit has its hash chains and no signed checkpoints, and start-up says so.',
    ),
  checkpointInterval: z
    .number()
    .min(1)
    .max(24 * hour)
    .default(60)
    .describe(
      'Seconds between signed checkpoints, where there is anything new. Rows since the last are chained and not yet signed for.',
    ),
  retention: z
    .int()
    .min(1)
    .max(36_500)
    .optional()
    .describe(
      'Days that rows are kept. Older ones go from the beginning of each chain, and a checkpoint says so. Default: for ever.',
    ),
  role: z
    .string()
    .min(1)
    .default('auditor')
    .describe('Who may read and export the audit; auth.adminRole and the permission audit_log.view may too.'),
  revealArguments: z
    .record(z.string(), z.array(z.string().min(1)).max(50))
    .default({})
    .describe(
      'Which arguments of which tools are written in the clear: {"pizzeria-backend/get_menu_items": ["vegetarian"], "shop/*": ["order_id"]}. All arguments together are written as one SHA-256 hash in any case; what is not named here is written in no other form.',
    ),
});

export type AuditSettings = z.infer<typeof auditSection>;

function isEd25519(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}
