import { writeCanonical } from '@keyturn/policy';
import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { z } from 'zod';

/** A sentence of a person or an agent: shown as text wherever it is shown, and never longer than this. */
const sentence = z.string().max(2000);
/** Text that is a column of its own: PostgreSQL holds none with NUL, and what SQLite takes must be no more. */
const column = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !text.includes('\0'), 'has the character NUL');
const jsonObject = z.record(z.string(), z.json());

/**
 * The body of POST /agent-requests, in the member names of seed 001. `targetURI` or `target.uri` names the target; the
 * identity comes from the token, and `agentIdentity` may only repeat it.
 */
export const createSchema = z.strictObject({
  agentIdentity: z.string().min(1).max(512).optional(),
  action: column(200),
  targetURI: column(2048).optional(),
  target: z
    .strictObject({
      uri: column(2048),
      resourceType: z.string().max(200).optional(),
      attributes: jsonObject.optional(),
    })
    .optional(),
  reason: sentence.default(''),
  namespace: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'is not a Kubernetes namespace')
    .default('default'),
  correlationID: column(200).optional(),
  classification: z
    .string()
    .max(200)
    .regex(/^[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*$/, 'use kind/name in small letters')
    .optional(),
  dedupKey: z.string().min(1).max(512).optional(),
  priority: z.union([z.string().max(50), z.number()]).optional(),
  parameters: jsonObject.default({}),
  cascadeModel: jsonObject.optional(),
  reasoningTrace: jsonObject.optional(),
  executionMode: z.literal('single').optional(),
});
export type CreateBody = z.infer<typeof createSchema>;

export const approveSchema = z.strictObject({
  reason: sentence.optional(),
  /** Edit and approve: the arguments to approve instead. */
  parameters: jsonObject.optional(),
  /** Only if the request still has this digest. */
  digest: z.string().max(100).optional(),
});

export const reasonSchema = z.strictObject({ reason: sentence.optional() });

/** What an agent, or a reviewer who looked, says of an execution. */
export const outcomeSchema = z.strictObject({ reason: sentence.optional(), result: jsonObject.optional() });

/** Arguments in canonical form (RFC 8785), or undefined where they have none. */
export function canonicalArguments(given: Json): JsonObject | undefined {
  const written = writeCanonical(given);
  if (!written.ok) return undefined;
  const parsed: Json = JSON.parse(written.value);
  return isJsonObject(parsed) ? parsed : undefined;
}

/** What policies see at `request.spec`: the seed's shape, with the identity of the token. */
export function specOf(body: CreateBody, identity: string, uri: string): JsonObject {
  const { action, reason, parameters, target, classification, correlationID, cascadeModel, reasoningTrace } = body;
  const { priority } = body;
  return {
    agentIdentity: identity,
    action,
    target: { ...target, uri },
    reason,
    parameters,
    executionMode: 'single',
    ...(classification === undefined ? {} : { classification }),
    ...(correlationID === undefined ? {} : { correlationID }),
    ...(priority === undefined ? {} : { priority }),
    ...(cascadeModel === undefined ? {} : { cascadeModel }),
    ...(reasoningTrace === undefined ? {} : { reasoningTrace }),
  };
}
