import { digestOf } from '@keyturn/policy';
import { type Clock, ok, type Random, type Result, refuse } from '@keyturn/protocol';
import { actorOf } from '../../http/audit-actor.ts';
import type { Caller } from '../../http/caller.ts';
import type { Action, Decision } from '../../http/rooms.ts';
import { changeEvent } from './audit.ts';
import { bind } from './binding.ts';
import { type CreateBody, canonicalArguments, specOf } from './body.ts';
import type { Keeper } from './keeper.ts';
import { begin, endOf } from './life.ts';
import type { Membership } from './membership.ts';
import { nameOfRequest } from './name.ts';
import { isAgent, requesterOf } from './parties.ts';
import type { RequestRefusal } from './refusals.ts';
import type { RequestRepository } from './repository.ts';
import { type AgentRequest, type AskedCall, isActive, type Requester, type RequestTimes } from './request.ts';

export interface CreateParts {
  readonly repository: RequestRepository;
  readonly keeper: Keeper;
  /** The one decision point. */
  readonly decide: (caller: Caller, action: Action) => Decision | Promise<Decision>;
  readonly members: () => Membership;
  readonly clock: Clock;
  readonly random: Random;
  readonly times: RequestTimes;
  readonly maxPending: number;
}

/** An agent asks. Not new is what it has asked for under the same `dedupKey`, while that is under way. */
export type Create = (
  caller: Caller,
  body: CreateBody,
) => Promise<Result<{ request: AgentRequest; isNew: boolean }, RequestRefusal>>;

export function createBy(parts: CreateParts): Create {
  const { repository, keeper, clock, random } = parts;

  const insert = async (request: AgentRequest, { observed }: Decision): Promise<'stored' | 'taken' | 'full'> => {
    const event = changeEvent(undefined, request, 'create', actorOf(request.requester));
    const facts = { ...event.facts, ...(observed === undefined ? {} : { observed: [...observed] }) };
    return repository.insert(request, parts.maxPending, { ...event, facts });
  };

  return async (caller, body) => {
    const members = parts.members();
    if (!isAgent(caller, members)) return refuse({ why: 'not-an-agent' });
    const requester = requesterOf(caller, members);
    const asked = callOf(body, requester);
    if (!asked.ok) return asked;
    const call = asked.value;
    const decision = await parts.decide(caller, actionOf(call));
    const policyVersion = decision.policyVersion ?? '';
    const { digest } = bind(requester, call, policyVersion);
    for (let turn = 0; turn < 5; turn += 1) {
      const name = nameOfRequest(requester.identity, random);
      const callKey = body.dedupKey === undefined ? `api:${name}` : dedupKeyOf(requester, body.dedupKey);
      const now = clock();
      const within = decision.effect === 'needs-second-key' ? decision.approvals.within : parts.times.within;
      const request = begin(
        {
          name,
          via: 'api',
          requester,
          call,
          digest,
          callKey,
          policyVersion,
          ...(decision.effect === 'needs-second-key' ? { rule: decision.rule } : {}),
          labels: {
            namespace: body.namespace,
            ...(body.correlationID === undefined ? {} : { correlationId: body.correlationID }),
            ...(body.classification === undefined ? {} : { classification: body.classification }),
          },
          createdAt: now,
          expiresAt: endOf(now, within),
        },
        decision,
      );
      const stored = await insert(request, decision);
      if (stored === 'stored') return ok({ request, isNew: true });
      if (stored === 'full') return refuse({ why: 'too-many-pending', limit: parts.maxPending, retryAfter: 60 });
      await keeper.sweepCall(callKey);
      const [active] = await repository.ofCall(callKey);
      if (active !== undefined && isActive(active.phase)) return ok({ request: active, isNew: false });
    }
    return refuse({ why: 'changed-meanwhile' });
  };
}

/** What policy judges of an agent's own action. */
export function actionOf({ targetUri = '', args, spec = {} }: AskedCall): Action {
  return { kind: 'request.execute', target: targetUri, targetUri, args, spec };
}

/** What a body asks for, in the form that is judged and digested. */
function callOf(body: CreateBody, { identity }: Requester): Result<AskedCall, RequestRefusal> {
  if (body.agentIdentity !== undefined && body.agentIdentity !== identity) {
    return refuse({ why: 'identity-mismatch', claimed: body.agentIdentity });
  }
  const uri = body.targetURI ?? body.target?.uri;
  if (uri === undefined || (body.target !== undefined && body.target.uri !== uri)) {
    const message = 'action and targetURI are required, and target.uri must not be another';
    return refuse({ why: 'bad-query', faults: [{ field: '/targetURI', message }] });
  }
  const args = canonicalArguments(body.parameters);
  const spec = canonicalArguments(specOf(body, identity, uri));
  if (args === undefined || spec === undefined) {
    const message = 'has no canonical form (RFC 8785): text that is no Unicode, or a number that JSON cannot hold';
    return refuse({ why: 'bad-query', faults: [{ field: '/parameters', message }] });
  }
  return ok({ action: body.action, targetUri: uri, args, reason: body.reason, spec });
}

function dedupKeyOf({ issuer, identity }: Requester, key: string): string {
  return `dedup:${digestOf({ caller: { issuer, identity }, action: 'dedup', target: key, policyVersion: '' })}`;
}
