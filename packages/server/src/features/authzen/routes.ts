import { isJsonObject, type JsonObject, ok, type Principal, type Result, refuse } from '@keyturn/protocol';
import type { z } from 'zod';
import type { Caller, RoleContext } from '../../http/caller.ts';
import type { Frame, Passage } from '../../http/frame.ts';
import { type FieldFault, invalidRequest, type Problem } from '../../http/problem.ts';
import type { Action, Decision, Remembered } from '../../http/rooms.ts';
import { actionOf, type ToolCallOf } from './action.ts';
import { type Evaluation, evaluationSchema, evaluationsSchema, withDefaults } from './request.ts';
import { principalOf } from './subject.ts';

export interface AuthzenParts {
  readonly publicUrl: string;
  readonly issuer: string;
  readonly role: string;
  readonly adminRole: string;
  /** The decision point that judges every call; it counts nothing here. */
  readonly decide: (caller: Caller, action: Action) => Decision | Promise<Decision>;
  readonly rolesOf: (principal: Principal) => RoleContext | Promise<RoleContext>;
  readonly toolCall: ToolCallOf;
  readonly remember: (entry: Remembered) => Promise<void>;
}

/** AuthZEN 1.0 §6.2: the answer to one question. */
interface EvaluationAnswer {
  readonly decision: boolean;
  readonly context?: JsonObject;
}

/**
 * The Authorization API 1.0 of OpenID AuthZEN: `POST /access/v1/evaluation` and `…/evaluations`, and where they are. What
 * needs a second key is no yes: `context` says whose. Each decision leaves a row in the audit.
 */
export function mountAuthzen(frame: Frame, parts: AuthzenParts): void {
  const { publicUrl, adminRole, role } = parts;

  // §9: for anybody.
  frame.app.get('/.well-known/authzen-configuration', async (_request, reply) =>
    reply.send({
      policy_decision_point: publicUrl,
      access_evaluation_endpoint: `${publicUrl}/access/v1/evaluation`,
      access_evaluations_endpoint: `${publicUrl}/access/v1/evaluations`,
    }),
  );

  const mayAsk = (caller: Caller): boolean => caller.roles.includes(role) || caller.roles.includes(adminRole);
  const asking = (caller: Caller, asked: readonly unknown[]): Action => ({
    kind: 'authzen.evaluate',
    // About oneself anybody may ask: their own token has said who they are.
    ...(mayAsk(caller) || asked.every((id) => id === caller.principal.identity) ? {} : { needsRole: role }),
  });

  frame.route({
    method: 'POST',
    path: '/access/v1/evaluation',
    body: evaluationSchema,
    action: ({ caller, body }) => asking(caller, [body.subject.id]),
    handle: async (passage) =>
      ok({ answer: { status: 200, body: await evaluate(passage, passage.body) }, outcome: 'allowed' }),
  });

  frame.route({
    method: 'POST',
    path: '/access/v1/evaluations',
    body: evaluationsSchema,
    action: ({ caller, body }) => asking(caller, subjectsOf(body)),
    handle: async (passage) => {
      const body = await answerAll(passage);
      return body.ok ? ok({ answer: { status: 200, body: body.value }, outcome: 'allowed' }) : body;
    },
  });

  async function answerAll(passage: Passage<z.infer<typeof evaluationsSchema>>): Promise<Result<object, Problem>> {
    const { evaluations = [], options } = passage.body;
    if (evaluations.length === 0) {
      // §7.1: without questions of its own, the request is the question.
      const single = evaluationSchema.safeParse(withDefaults(passage.body, {}));
      if (single.success) return ok(await evaluate(passage, single.data));
      return refuse(invalidRequest(faultsOf(single.error)));
    }
    const answers: EvaluationAnswer[] = [];
    for (const own of evaluations) {
      const read = evaluationSchema.safeParse(withDefaults(passage.body, own));
      const answer = read.success
        ? await evaluate(passage, read.data)
        : { decision: false, context: { error: { status: 400, message: messageOf(read.error) } } };
      answers.push(answer);
      const { evaluations_semantic: semantic } = options;
      if (semantic === 'deny_on_first_deny' && !answer.decision) break;
      if (semantic === 'permit_on_first_permit' && answer.decision) break;
    }
    return ok({ evaluations: answers });
  }

  async function evaluate({ approved, requestId }: Passage<unknown>, question: Evaluation): Promise<EvaluationAnswer> {
    const asker = approved.caller;
    const { resource, context } = question;
    const args = context?.['arguments'];
    if (resource.type === 'tool' && args !== undefined && !isJsonObject(args)) {
      // Judged as if there were none, they could be allowed what no policy has looked at.
      return { decision: false, context: { error: { status: 400, message: 'context.arguments must be an object' } } };
    }
    const action = actionOf(question, parts.toolCall);
    if (action === undefined) {
      return {
        decision: false,
        context: { error: { status: 404, message: `there is no ${resource.type} ${resource.id}` } },
      };
    }
    const decision = await parts.decide(await subjectOf(asker, question), action);
    const { effect, policyVersion } = decision;
    await parts.remember({
      caller: asker,
      action: {
        kind: 'authzen.decision',
        target: `${question.subject.id} ${question.action.name} ${resource.type}:${resource.id}`,
      },
      outcome: effect === 'allow' ? 'allowed' : 'refused',
      ...(effect === 'allow' ? {} : { reason: effect }),
      requestId,
      ...(policyVersion === undefined ? {} : { policyVersion }),
    });
    const version = policyVersion === undefined ? {} : { policy_version: policyVersion };
    if (effect === 'allow') return { decision: true, ...(policyVersion === undefined ? {} : { context: version }) };
    const reasons = { reason_user: { en: decision.reason }, reason_admin: { en: `${effect}: ${decision.reason}` } };
    if (effect === 'deny') return { decision: false, context: { effect, ...reasons, ...version } };
    const { rule, approvals } = decision;
    return { decision: false, context: { effect, rule, approvals: { ...approvals }, ...reasons, ...version } };
  }

  /** Whoever may only ask about themselves is what their token says, whatever the question says. */
  async function subjectOf(asker: Caller, question: Evaluation): Promise<Caller> {
    if (!mayAsk(asker)) return asker;
    const principal = principalOf(question, parts.issuer);
    return { principal, ...(await parts.rolesOf(principal)), bearer: asker.bearer };
  }
}

function subjectsOf(body: z.infer<typeof evaluationsSchema>): readonly unknown[] {
  const questions: readonly object[] =
    body.evaluations === undefined || body.evaluations.length === 0 ? [{}] : body.evaluations;
  return questions.map((own) => {
    const { subject } = withDefaults(body, own);
    return typeof subject === 'object' && subject !== null && 'id' in subject ? subject.id : undefined;
  });
}

function messageOf({ issues }: z.ZodError): string {
  return issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
}

function faultsOf({ issues }: z.ZodError): readonly FieldFault[] {
  return issues.map(({ path, message }) => ({ field: path.map((step) => `/${String(step)}`).join(''), message }));
}
