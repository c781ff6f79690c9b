import { parseWebhookSecret } from '@keyturn/net';
import { z } from 'zod';

const names = z.array(z.string().min(1).max(512)).max(10_000).default([]);

const webhookSecret = z
  .string()
  .refine((text) => parseWebhookSecret(text).ok, 'is not whsec_ and 24 to 64 bytes in base64');

/**
 * Requests of agents, and who approves them (seed 001). The feature is on when this section is present. Without any list
 * and any role there would be nobody, or everybody, so that is a fault.
 */
export const requestsSection = z.strictObject({
  agentSubjects: names.describe(
    'Who may ask: values of the identity claim (`auth.identityClaim`, here `azp` by default). PUT /api/v1/gateway/subjects and `subjectsFile` change it without a restart.',
  ),
  reviewerSubjects: names.describe(
    'Who may approve and deny, in the same way. A client that stands here may though it is shared.',
  ),
  agentRoles: names.describe('Roles whose holders may ask: realm roles by name, client roles as client:role.'),
  reviewerRoles: names.describe('Roles whose holders may approve and deny.'),
  subjectsFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A YAML or JSON file with agentSubjects and reviewerSubjects, such as a mounted ConfigMap: read again within two seconds of a change, and then it counts instead of the lists here.',
    ),
  clientOwners: z
    .record(z.string(), z.array(z.string().min(1)))
    .default({})
    .describe('Whose a client is (client id: identities): neither approves what the other asks.'),
  sharedApprovers: names.describe(
    'Personal access tokens (`pat_…`) and clients that may approve although several may hold them. A token must be one that may approve, too.',
  ),
  within: z
    .int()
    .min(1)
    .max(7 * 86_400)
    .default(3600)
    .describe('Seconds that a request lives where no rule says otherwise: nothing waits for ever.'),
  tokenRolesFor: z
    .int()
    .min(0)
    .max(7 * 86_400)
    .default(900)
    .describe(
      'Seconds after an approval for which a role counts that only the approver’s token vouched for, where the identity provider cannot be asked whether they still have it (pat.readerClientId, login.syncClientId). After them the approval is void. Names in reviewerSubjects and roles that Keyturn assigns need no token.',
    ),
  executionTimeout: z
    .int()
    .min(1)
    .max(7 * 86_400)
    .default(3600)
    .describe('Seconds in which an agent says that it has completed or failed; then the outcome counts as unknown.'),
  maxPendingPerAgent: z.int().min(1).max(100_000).default(100).describe('More are 429.'),
  maxWatchers: z.int().min(1).max(100_000).default(5000).describe('Event streams of one process; more are 503.'),
  keepFor: z
    .int()
    .min(86_400)
    .default(90 * 86_400)
    .describe('Seconds that a request is kept after its end. The audit keeps its own.'),
  webhookUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Told of each request that waits for people, and of each end, by a signed call (Standard Webhooks).'),
  webhookSecret: webhookSecret.optional().describe('`whsec_…`: what the calls are signed with.'),
  webhookFormerSecret: webhookSecret
    .optional()
    .describe(
      'The secret before: calls are signed with it too, until the receiver has been given the new one and this is removed.',
    ),
  mailTo: z
    .array(z.email())
    .max(50)
    .default([])
    .describe(
      'Who is written to when a request waits for people; each gets a mail of their own. Needs the section mail.',
    ),
});

export type RequestsSettings = z.infer<typeof requestsSection>;
