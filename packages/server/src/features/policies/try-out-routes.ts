import type { SafetyEngine, SafetyInput, SafetyPolicy, ToolInput } from '@keyturn/policy';
import { type Clock, epochMilliseconds, ok, type Result, refuse } from '@keyturn/protocol';
import { z } from 'zod';
import type { Frame } from '../../http/frame.ts';
import { invalidRequest, type Problem } from '../../http/problem.ts';
import type { Caller } from '../../http/caller.ts';
import { type Defaults, judgeInput } from './decision-point.ts';
import { describeDecision } from './describe.ts';
import { readPolicy } from './document.ts';
import type { PolicyKeeper, PolicySet } from './keeper.ts';
import { explainPolicyRefusal } from './refusals.ts';
import type { Takes } from './takes.ts';
import { type PastRequests, replay, withDrafts } from './try-out.ts';

const object = z.record(z.string(), z.json());
const texts = z.array(z.string());
const moment = z.iso.datetime({ offset: true }).transform((text) => epochMilliseconds(Date.parse(text)));

const principalSchema = z.strictObject({
  issuer: z.string().optional(),
  identity: z.string().optional(),
  subject: z.string().optional(),
  client: z.string().optional(),
  serviceAccount: z.boolean().optional(),
  roles: texts.optional(),
  scopes: texts.optional(),
  claims: object.optional(),
  pat: z.string().optional(),
  onBehalfOf: z.string().optional(),
});

const toolSchema = z.strictObject({
  id: z.string(),
  source: z.string().default(''),
  name: z.string().default(''),
  method: z.string().default('POST'),
  path: z.string().default('/'),
  tags: texts.default([]),
  readOnly: z.boolean().default(false),
});

/** `policies` stand in for those of their names; with `alone` nothing else is asked. */
const drafts = {
  policies: z.array(z.unknown()).max(50).default([]),
  alone: z.boolean().default(false),
  default: z.enum(['allow', 'deny']).optional(),
};

const simulateSchema = z.strictObject({
  ...drafts,
  /** Unset members are the caller's own. */
  principal: principalSchema.default({}),
  request: z.strictObject({ spec: object.default({}), metadata: object.default({}) }).prefault({}),
  target: object.optional(),
  /** The id of a tool that there is, or one as it might be. */
  tool: z.union([z.string(), toolSchema]).optional(),
  args: object.optional(),
  now: moment.optional(),
});

const replaySchema = z.strictObject({
  ...drafts,
  from: moment.optional(),
  to: moment.optional(),
  limit: z.int().min(1).max(10_000).default(1000),
});

export interface TryOutParts {
  readonly engine: SafetyEngine;
  readonly keeper: PolicyKeeper;
  readonly takes: Takes;
  readonly clock: Clock;
  readonly defaults: Defaults;
  readonly past: PastRequests;
  readonly toolById: (id: string) => ToolInput | undefined;
  readonly adminRole: string;
}

/** `POST /api/v1/policies/simulate` and `…/replay`: what policies would say, without anything coming of it. */
export function mountTryOut(frame: Frame, parts: TryOutParts): void {
  const { engine, keeper, takes, clock, defaults, past, toolById, adminRole: needsRole } = parts;

  frame.route({
    method: 'POST',
    path: '/api/v1/policies/simulate',
    body: simulateSchema,
    action: () => ({ kind: 'policy.simulate', needsRole }),
    handle: async ({ approved, body }) => {
      const policies = await draftsOf(body.policies, body.alone);
      if (!policies.ok) return policies;
      const tool = typeof body.tool === 'string' ? toolById(body.tool) : body.tool;
      if (tool === undefined && body.tool !== undefined) {
        return refuse(invalidRequest([{ field: '/tool', message: 'names no tool that there is' }]));
      }
      const input = inputOf(approved.caller, body, tool, body.now ?? clock());
      const byDefault = body.default ?? (tool === undefined ? defaults.requests : defaults.tools);
      const decision = await judgeInput({ engine, takes }, policies.value, input, {
        byDefault,
        count: 'peek',
        explain: true,
      });
      return ok({
        answer: { status: 200, body: { ...describeDecision(decision), default: byDefault } },
        outcome: 'allowed',
      });
    },
  });

  frame.route({
    method: 'POST',
    path: '/api/v1/policies/replay',
    body: replaySchema,
    action: () => ({ kind: 'policy.replay', needsRole }),
    handle: async ({ body }) => {
      const policies = await draftsOf(body.policies, body.alone);
      if (!policies.ok) return policies;
      const requests = await past({ from: body.from ?? 0, to: body.to ?? clock() + 1, limit: body.limit });
      const replayed = await replay(engine, policies.value, requests, body.default ?? defaults.requests);
      const changed = replayed.filter(({ request, after }) => request.effect !== after.effect);
      const counts: Record<string, number> = {};
      for (const { request, after } of changed) {
        const way = `${request.effect} → ${after.effect}`;
        counts[way] = (counts[way] ?? 0) + 1;
      }
      const rows = changed.map(({ request, after }) => ({
        request: request.name,
        at: new Date(request.input.now).toISOString(),
        agent: request.input.principal.identity,
        action: request.input.spec['action'] ?? null,
        target: request.input.target?.['uri'] ?? null,
        before: { effect: request.effect, policy_version: request.policyVersion },
        after: { effect: after.effect, policy_version: after.policyVersion, reason: after.reason },
      }));
      const answer = { status: 200, body: { replayed: replayed.length, changed: rows.length, counts, rows } };
      return ok({ answer, outcome: 'allowed' });
    },
  });

  async function draftsOf(given: readonly unknown[], alone: boolean): Promise<Result<PolicySet['policies'], Problem>> {
    const policies: SafetyPolicy[] = [];
    for (const [index, value] of given.entries()) {
      const read = readPolicy(value);
      if (!read.ok) {
        const faults = read.refusal.map((fault) => ({ ...fault, at: `/policies/${index}${fault.at}` }));
        return refuse(explainPolicyRefusal({ why: 'bad-document', faults }));
      }
      policies.push(read.value);
    }
    const made = withDrafts(engine, (await keeper.current()).policies, policies, alone);
    return made.ok ? made : refuse(explainPolicyRefusal(made.refusal));
  }
}

function inputOf(
  { principal, roles }: Caller,
  body: z.infer<typeof simulateSchema>,
  tool: ToolInput | undefined,
  now: SafetyInput['now'],
): SafetyInput {
  const given = body.principal;
  const identity = given.identity ?? principal.identity;
  const target = body.target ?? (tool === undefined ? undefined : { uri: `tool://${tool.id}` });
  return {
    principal: {
      issuer: given.issuer ?? principal.issuer,
      identity,
      subject: given.subject,
      client: given.client,
      serviceAccount: given.serviceAccount ?? principal.serviceAccount,
      roles: given.roles ?? roles,
      scopes: given.scopes ?? principal.scopes,
      claims: given.claims,
      pat: given.pat,
      onBehalfOf: given.onBehalfOf,
    },
    spec: {
      agentIdentity: identity,
      ...(tool === undefined ? {} : { action: 'tool.call' }),
      ...(target === undefined ? {} : { target }),
      ...body.request.spec,
    },
    metadata: body.request.metadata,
    target: target ?? undefined,
    tool,
    args: body.args,
    now,
  };
}
