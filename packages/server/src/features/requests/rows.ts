import { hash } from 'node:crypto';
import { foldName } from '@keyturn/policy';
import { epochMilliseconds } from '@keyturn/protocol';
import { type AgentRequest, type Approval, phases } from './request.ts';
import type { RequestRow } from './tables.ts';

/** A request as the table has it: columns for what is asked for, JSON for the rest. */
export function rowOf(request: AgentRequest, formerCallKey: string | undefined): RequestRow {
  const { requester, call, labels } = request;
  return {
    name: request.name,
    version: request.version,
    phase: request.phase,
    via: request.via,
    agent: foldName(requester.identity),
    issuer: requester.issuer,
    subject: requester.subject ?? null,
    client: requester.client ?? null,
    session_id: requester.sessionId ?? null,
    token_id: requester.tokenId ?? null,
    pat: requester.pat ?? null,
    action: call.action,
    target: call.targetUri ?? null,
    correlation_id: labels.correlationId ?? null,
    classification: labels.classification ?? null,
    digest: request.digest,
    call_key: request.callKey,
    active_key: ['Pending', 'Approved', 'Executing'].includes(request.phase) ? request.callKey : null,
    former_call_key: formerCallKey ?? null,
    outcome_unknown: request.outcomeUnknown ? 1 : 0,
    created_at: request.createdAt,
    updated_at: request.updatedAt,
    expires_at: request.expiresAt,
    executing_until: request.executingUntil ?? null,
    approver_names: namesOf(request.approvals),
    body: JSON.stringify({
      conditions: request.conditions,
      requester,
      call,
      policyVersion: request.policyVersion,
      rule: request.rule,
      asked: request.asked,
      approvals: request.approvals,
      edit: request.edit,
      message: request.message,
      result: request.result,
      labels,
    } satisfies Body),
  };
}

type Column = 'name' | 'version' | 'phase' | 'via' | 'digest' | 'callKey' | 'outcomeUnknown';
type Body = Omit<AgentRequest, Column | 'createdAt' | 'updatedAt' | 'expiresAt' | 'executingUntil'>;

export function requestOf(row: RequestRow): AgentRequest {
  const phase = phases.find((known) => known === row.phase);
  if (phase === undefined) throw new Error('a request has a phase that no build has written');
  // Only this file writes the column.
  const body = JSON.parse(row.body) as Body;
  return {
    ...body,
    name: row.name,
    version: row.version,
    phase,
    via: row.via === 'gate' ? 'gate' : 'api',
    digest: row.digest,
    callKey: row.call_key,
    outcomeUnknown: row.outcome_unknown === 1,
    createdAt: epochMilliseconds(row.created_at),
    updatedAt: epochMilliseconds(row.updated_at),
    expiresAt: epochMilliseconds(row.expires_at),
    ...(row.executing_until === null ? {} : { executingUntil: epochMilliseconds(row.executing_until) }),
  };
}

function namesOf(approvals: readonly Approval[]): string {
  const names = approvals.flatMap(({ subject, client, sessionId, tokenId, pat }) => [
    ...(subject === undefined ? [] : [nameOf('sub', subject)]),
    ...(client === undefined ? [] : [nameOf('client', client)]),
    ...(sessionId === undefined ? [] : [nameOf('sid', sessionId)]),
    ...(tokenId === undefined ? [] : [nameOf('jti', tokenId)]),
    ...(pat === undefined ? [] : [nameOf('pat', pat)]),
  ]);
  return names.length === 0 ? '' : `\n${names.join('\n')}\n`;
}

/** One entry of `approver_names`: hex, so that it can be looked for by `like` whatever the name holds. */
export function nameOf(kind: RevokedKind, value: string): string {
  return hash('sha256', `${kind} ${value}`, 'hex');
}

/** By what a revocation can name whoever asked or approved. */
export type RevokedKind = 'sub' | 'client' | 'sid' | 'jti' | 'pat';
