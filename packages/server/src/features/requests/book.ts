import { digestOf } from '@keyturn/policy';
import {
  type Clock,
  epochMilliseconds,
  type JsonObject,
  ok,
  type Random,
  type Result,
  refuse,
} from '@keyturn/protocol';
import { type Caller, rolesOfToken } from '../../http/caller.ts';
import type { FieldFault } from '../../http/problem.ts';
import type { Action, Decision } from '../../http/rooms.ts';
import { actorOf } from '../../http/audit-actor.ts';
import { changeEvent } from './audit.ts';
import { bind } from './binding.ts';
import { type CreateBody, canonicalArguments, specOf } from './body.ts';
import { differenceOf } from './difference.ts';
import type { Keeper } from './keeper.ts';
import { begin, type EditedCall, endOf, type LifeEvent, phaseAt } from './life.ts';
import { nameOfRequest } from './name.ts';
import type { Membership } from './membership.ts';
import { approverOf, isAgent, isReviewer, requesterOf } from './parties.ts';
import type { RequestRefusal } from './refusals.ts';
import type { RequestFilter, RequestPage, RequestRepository } from './repository.ts';
import type { AgentRequest, Approval, AskedCall, Phase, Requester, RequestTimes } from './request.ts';
import {
  isOwner,
  isPersonBehind,
  mayDecide,
  maySee,
  noReviewer,
  type Standing,
  standingOf,
  type Verdict,
} from './standing.ts';
import { type RolesNow, stillHolds } from './validity.ts';

export interface BookParts {
  readonly repository: RequestRepository;
  readonly keeper: Keeper;
  /** The one decision point. */
  readonly decide: (caller: Caller, action: Action) => Decision | Promise<Decision>;
  /** The same for what was decided before, by policies of that version: it has been counted. */
  readonly decideAgain: (caller: Caller, action: Action, policyVersion: string) => Decision | Promise<Decision>;
  readonly members: () => Membership;
  readonly rolesNow: RolesNow;
  /** What is wrong with the arguments that an approver would have a tool called with. */
  readonly checkArguments: (tool: string, args: JsonObject) => readonly FieldFault[];
  readonly clock: Clock;
  readonly random: Random;
  readonly times: RequestTimes;
  readonly maxPending: number;
}

type Answer<Value = AgentRequest> = Promise<Result<Value, RequestRefusal>>;

/** What agents and reviewers do with requests: who may, by which rules. When it is its time, life.ts says. */
export interface Book {
  readonly create: (caller: Caller, body: CreateBody) => Answer<{ request: AgentRequest; isNew: boolean }>;
  /** With `digest`, only if the request still has it: what was seen is what is approved. */
  readonly approve: (
    caller: Caller,
    name: string,
    given: { reason?: string; parameters?: JsonObject; digest?: string },
  ) => Answer;
  readonly deny: (caller: Caller, name: string, reason: string | undefined) => Answer;
  readonly cancel: (caller: Caller, name: string, reason: string | undefined) => Answer;
  /** The agent begins to act: the approval is looked at again, and spent. */
  readonly execute: (caller: Caller, name: string) => Answer;
  /** The agent has acted; or somebody who looked says what became of an execution that broke off. */
  readonly finish: (
    caller: Caller,
    name: string,
    outcome: 'complete' | 'fail',
    given: { reason?: string; result?: JsonObject },
  ) => Answer;
  readonly read: (caller: Caller, name: string) => Answer;
  readonly list: (caller: Caller, filter: RequestFilter, limit: number, after?: string) => Answer<RequestPage>;
  /**
   * The person for whom an agent asks says, in their own browser, that they want this: no approval, and never one of the
   * keys that a rule asks for. `digest` is that of what they saw.
   */
  readonly confirm: (caller: Caller, name: string, digest: string) => Answer;
  /** A request with what the caller may do with it now. */
  readonly look: (caller: Caller, name: string) => Answer<Standing>;
}

export function openBook(parts: BookParts): Book {
  const { repository, keeper, clock, random } = parts;

  const insert = async (request: AgentRequest, { observed }: Decision): Promise<'stored' | 'taken' | 'full'> => {
    const event = changeEvent(undefined, request, 'create', actorOf(request.requester));
    const facts = { ...event.facts, ...(observed === undefined ? {} : { observed: [...observed] }) };
    return repository.insert(request, parts.maxPending, { ...event, facts });
  };

  const owns = (caller: Caller, request: AgentRequest): boolean => isOwner(caller, request, parts.members());
  const sees = (caller: Caller, request: AgentRequest): boolean => maySee(caller, request, parts.members());

  const asReviewer = async (
    caller: Caller,
    name: string,
    verdict: Verdict,
    decide: (request: AgentRequest) => Result<LifeEvent, RequestRefusal> | Promise<Result<LifeEvent, RequestRefusal>>,
  ): Answer => {
    const done = await keeper.advance(name, actorOf(requesterOf(caller, parts.members())), (request) => {
      const may = mayDecide(caller, request, verdict, parts.members(), clock());
      return may.ok ? decide(request) : may;
    });
    // Whether a name exists is nothing for those who may not look.
    const mayAsk = done.ok || done.refusal.why !== 'unknown-request' || isReviewer(caller, parts.members());
    return mayAsk ? done : refuse(noReviewer);
  };

  const isAskedElsewhere = async (request: AgentRequest, { callKey }: EditedCall): Promise<boolean> => {
    const others = callKey === request.callKey ? [] : await repository.ofCall(callKey);
    return others.some(({ name, phase }) => name !== request.name && isActive(phase));
  };

  return {
    async create(caller, body) {
      const members = parts.members();
      if (!isAgent(caller, members)) return refuse({ why: 'not-an-agent' });
      const requester = requesterOf(caller, members);
      if (body.agentIdentity !== undefined && body.agentIdentity !== requester.identity) {
        return refuse({ why: 'identity-mismatch', claimed: body.agentIdentity });
      }
      const uri = body.targetURI ?? body.target?.uri;
      if (uri === undefined || (body.target !== undefined && body.target.uri !== uri)) {
        const message = 'action and targetURI are required, and target.uri must not be another';
        return refuse({ why: 'bad-query', faults: [{ field: '/targetURI', message }] });
      }
      const args = canonicalArguments(body.parameters);
      const spec = canonicalArguments(specOf(body, requester.identity, uri));
      if (args === undefined || spec === undefined) {
        const message = 'has no canonical form (RFC 8785): text that is no Unicode, or a number that JSON cannot hold';
        return refuse({ why: 'bad-query', faults: [{ field: '/parameters', message }] });
      }
      const call: AskedCall = { action: body.action, targetUri: uri, args, reason: body.reason, spec };
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
        if (active !== undefined && isActive(active.phase)) {
          return ok({ request: active, isNew: false });
        }
      }
      return refuse({ why: 'changed-meanwhile' });
    },

    async approve(caller, name, { reason, parameters, digest }) {
      const self = approverOf(caller, parts.members());
      return asReviewer(caller, name, 'yes', async (request) => {
        if (digest !== undefined && digest !== request.digest) return refuse({ why: 'changed-meanwhile' });
        const edit = parameters === undefined ? ok(undefined) : editOf(request, parameters, parts.checkArguments);
        if (!edit.ok) return edit;
        if (edit.value !== undefined && (await isAskedElsewhere(request, edit.value))) {
          return refuse({ why: 'edit-taken' });
        }
        const approval: Approval = {
          issuer: self.issuer,
          identity: self.identity,
          serviceAccount: self.serviceAccount,
          names: self.names,
          actors: self.actors,
          owners: self.owners,
          roles: self.roles,
          tokenRoles: rolesOfToken(caller.principal),
          at: epochMilliseconds(clock()),
          ...(self.subject === undefined ? {} : { subject: self.subject }),
          ...(self.client === undefined ? {} : { client: self.client }),
          ...(self.tokenId === undefined ? {} : { tokenId: self.tokenId }),
          ...(self.sessionId === undefined ? {} : { sessionId: self.sessionId }),
          ...(self.pat === undefined ? {} : { pat: self.pat }),
          ...(self.acr === undefined ? {} : { acr: self.acr }),
          ...(self.authTime === undefined ? {} : { authTime: self.authTime }),
          ...(reason === undefined ? {} : { reason }),
        };
        return ok({ type: 'approve', approval, ...(edit.value === undefined ? {} : { edit: edit.value }) });
      });
    },

    deny: (caller, name, reason = 'denied') =>
      asReviewer(caller, name, 'no', () =>
        ok({ type: 'deny', by: requesterOf(caller, parts.members()).identity, reason }),
      ),

    cancel: (caller, name, reason = 'cancelled by the requester') => {
      const self = requesterOf(caller, parts.members());
      return keeper.advance(name, actorOf(self), (request) => {
        if (!sees(caller, request)) return refuse({ why: 'unknown-request', name });
        if (!owns(caller, request) && !isPersonBehind(caller, request)) return refuse({ why: 'not-yours' });
        return ok({ type: 'cancel', by: self.identity, reason });
      });
    },

    async execute(caller, name) {
      const self = requesterOf(caller, parts.members());
      let fault: RequestRefusal | undefined;
      const done = await keeper.advance(name, actorOf(self), async (request) => {
        if (!sees(caller, request)) return refuse({ why: 'unknown-request', name });
        if (!owns(caller, request)) return refuse({ why: 'not-yours' });
        if (request.via === 'gate') return refuse({ why: 'not-by-hand' });
        const phase = phaseAt(request, clock());
        if (phase !== 'Approved') return refuse({ why: 'phase', phase, event: 'execute' });
        const members = parts.members();
        if (!isAgent(caller, members)) {
          fault = { why: 'not-an-agent' };
          return ok({ type: 'void', reason: 'AgentLostRole', message: 'The requester is no agent any more.' });
        }
        const decision = await parts.decideAgain(caller, actionOf(request.call), request.policyVersion);
        const { digest } = bind(self, request.call, decision.policyVersion ?? '');
        const isBound = request.asked !== undefined;
        const now = { decision, digest: isBound ? digest : request.digest, toolVersion: undefined };
        const invalid =
          !isBound && decision.effect === 'needs-second-key'
            ? { reason: 'PolicyChanged', message: 'The policies now ask people to approve this.' }
            : await stillHolds(request, now, members, parts.rolesNow);
        if (invalid !== undefined) {
          const { reason, message } = invalid;
          fault = reason === 'PolicyDenies' ? { why: 'policy-denies', reason: message } : { why: 'void', message };
          return ok({ type: 'void', reason, message });
        }
        return ok({ type: 'execute', until: endOf(clock(), parts.times.execution) });
      });
      return done.ok && fault !== undefined && done.value.phase === 'Cancelled' ? refuse(fault) : done;
    },

    finish: (caller, name, outcome, { reason, result }) => {
      const self = requesterOf(caller, parts.members());
      return keeper.advance(name, actorOf(self), (request) => {
        if (!sees(caller, request)) return refuse({ why: 'unknown-request', name });
        const isMine = owns(caller, request);
        if (!isMine && !request.outcomeUnknown) return refuse({ why: 'not-yours' });
        if (request.via === 'gate' && !request.outcomeUnknown) return refuse({ why: 'not-by-hand' });
        const message = reason ?? (outcome === 'complete' ? 'Completed.' : 'Failed.');
        return ok({ type: outcome, message, ...(result === undefined ? {} : { result }) });
      });
    },

    async read(caller, name) {
      const request = await repository.byName(name);
      return request !== undefined && sees(caller, request) ? ok(request) : refuse({ why: 'unknown-request', name });
    },

    async list(caller, filter, limit, after) {
      const members = parts.members();
      const { identity, issuer } = requesterOf(caller, members);
      // Who is no reviewer sees their own only, whatever they ask for.
      const isOther = filter.agent !== undefined && filter.agent !== identity;
      if (!isReviewer(caller, members) && isOther) return ok({ items: [], next: undefined });
      const own = isReviewer(caller, members) ? filter : { ...filter, agent: identity, issuer };
      const page = await repository.list(own, limit, after);
      return page === 'bad-cursor'
        ? refuse({ why: 'bad-query', faults: [{ field: 'query.continue', message: 'is not one that was given out' }] })
        : ok(page);
    },

    confirm: (caller, name, digest) => {
      const self = requesterOf(caller, parts.members());
      return keeper.advance(name, actorOf(self), (request) => {
        if (!sees(caller, request)) return refuse({ why: 'unknown-request', name });
        if (!isPersonBehind(caller, request)) return refuse({ why: 'not-yours' });
        // The agent holds a token of the person too; their browser's session it does not.
        if (caller.session?.kind !== 'oidc') return refuse({ why: 'browser-only' });
        if (digest !== request.digest) return refuse({ why: 'changed-meanwhile' });
        return ok({ type: 'confirm', by: self.identity });
      });
    },

    async look(caller, name) {
      const request = await repository.byName(name);
      return request !== undefined && sees(caller, request)
        ? ok(standingOf(caller, request, parts.members(), clock()))
        : refuse({ why: 'unknown-request', name });
    },
  };
}

function isActive(phase: Phase): boolean {
  return phase === 'Pending' || phase === 'Approved' || phase === 'Executing';
}

/** What policy judges of an agent's own action. */
function actionOf({ targetUri = '', args, spec = {} }: AskedCall): Action {
  return { kind: 'request.execute', target: targetUri, targetUri, args, spec };
}

function dedupKeyOf({ issuer, identity }: Requester, key: string): string {
  return `dedup:${digestOf({ caller: { issuer, identity }, action: 'dedup', target: key, policyVersion: '' })}`;
}

/** What an edit makes of a call: other arguments, so another digest; and the difference, for all to see. */
function editOf(
  request: AgentRequest,
  parameters: JsonObject,
  check: BookParts['checkArguments'],
): Result<EditedCall | undefined, RequestRefusal> {
  const args = canonicalArguments(parameters);
  if (args === undefined) {
    return refuse({ why: 'bad-edit', faults: [{ field: '/parameters', message: 'has no canonical form (RFC 8785)' }] });
  }
  const changes = differenceOf(request.call.args, args);
  if (changes.length === 0) return ok(undefined);
  const faults = request.call.tool === undefined ? [] : check(request.call.tool, args);
  if (faults.length > 0) return refuse({ why: 'bad-edit', faults });
  const { spec } = request.call;
  const call = { ...request.call, args, ...(spec === undefined ? {} : { spec: { ...spec, parameters: args } }) };
  const { digest, callKey } = bind(request.requester, call, request.policyVersion);
  return ok({ call, digest, callKey: request.via === 'api' ? request.callKey : callKey, changes });
}
