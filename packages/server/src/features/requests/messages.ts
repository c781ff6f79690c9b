import type { Mail } from '@keyturn/net';
import { type EpochMilliseconds, newId, type Random } from '@keyturn/protocol';
import { urlOfRequest } from './gate.ts';
import type { AgentRequest } from './request.ts';
import type { MessageRow } from './tables.ts';

export interface MessagePlan {
  /** Undefined: no webhook is told. */
  readonly webhookUrl: string | undefined;
  /** Who is written to, one by one. */
  readonly mailTo: readonly string[];
  readonly publicUrl: string;
  readonly random: Random;
}

/** What has to be told of a change: the webhook of each phase, people of what waits for them. Nothing of a mere update. */
export function messagesOf(
  plan: MessagePlan,
  before: AgentRequest | undefined,
  next: AgentRequest,
  now: EpochMilliseconds,
): readonly MessageRow[] {
  if (before?.phase === next.phase) return [];
  const row = (kind: MessageRow['kind'], body: object): MessageRow => ({
    id: newId('evt', plan.random),
    kind,
    body: JSON.stringify(body),
    attempts: 0,
    due_at: now,
    created_at: now,
  });
  const hooks = plan.webhookUrl === undefined ? [] : [row('webhook', webhookBody(plan, next))];
  const mails =
    next.phase !== 'Pending' ? [] : plan.mailTo.map((address) => row('mail', pendingMail(plan, next, address)));
  return [...hooks, ...mails];
}

/** No arguments: they are for those who log in to see them. */
function webhookBody({ publicUrl }: MessagePlan, request: AgentRequest): object {
  const { call, requester, asked } = request;
  return {
    type: `agent-request.${request.phase.toLowerCase()}`,
    timestamp: new Date(request.updatedAt).toISOString(),
    data: {
      name: request.name,
      phase: request.phase,
      url: `${publicUrl}${urlOfRequest(request.name)}`,
      agentIdentity: requester.identity,
      action: call.action,
      targetURI: call.targetUri ?? null,
      reason: call.reason,
      digest: request.digest,
      expiresAt: new Date(request.expiresAt).toISOString(),
      ...(asked === undefined ? {} : { approvals: { required: asked.count, from: asked.from } }),
      ...(request.message === undefined ? {} : { message: request.message }),
    },
  };
}

/** The mail to somebody who may turn a key. Text only, and what an agent wrote is on lines of its own. */
export function pendingMail({ publicUrl }: MessagePlan, request: AgentRequest, address: string): Mail {
  const { call, requester, name } = request;
  const until = new Date(request.expiresAt).toISOString().replace('T', ' ').slice(0, 16);
  return {
    to: [{ address }],
    subject: `${plain(requester.identity, 60)} asks for approval: ${plain(call.action, 60)} (${name})`,
    text: `An agent waits for somebody to turn the second key, until ${until} UTC.

  Request: ${name}
  Agent:   ${plain(requester.identity)}
  Action:  ${plain(call.action)}
  Target:  ${plain(call.targetUri ?? '-')}
  Reason:  ${plain(call.reason === '' ? '-' : call.reason)}

Look at it, with its arguments, and decide:

    keyturn requests show ${name}
    keyturn requests approve ${name} --reason "…"
    keyturn requests deny ${name} --reason "…"

${publicUrl}${urlOfRequest(name)}
`,
  };
}

/** One line of text, however it was written: nothing that an agent says can look like a line of ours. */
function plain(text: string, limit = 500): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}
