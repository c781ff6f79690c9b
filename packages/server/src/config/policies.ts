import { z } from 'zod';

/** Safety policies: rules in CEL over tool calls and agents' requests. */
export const policiesSection = z.strictObject({
  default: z
    .enum(['allow', 'deny'])
    .default('deny')
    .describe(
      'What holds for a tool call or an agent request where no rule of any policy matches. `deny` is for production; `npm start` sets `allow`. Without the section `policies` tool calls are judged by roles alone where no rule matches, agent requests are denied, and start-up says so.',
    ),
  path: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A file with policies in YAML or JSON, or a folder of such files. They are applied at the start: a new version where one differs. A policy that is in no file any more stays; remove it with `keyturn policy delete`.',
    ),
});

export type PolicySettings = z.infer<typeof policiesSection>;
