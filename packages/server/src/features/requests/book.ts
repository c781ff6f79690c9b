import { type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import { actorOf } from '../../http/audit-actor.ts';
import type { Caller } from '../../http/caller.ts';
import type { FieldFault } from '../../http/problem.ts';
import type { Action, Decision } from '../../http/rooms.ts';
import { bind } from './binding.ts';
import { actionOf, type Create, createBy, type CreateParts } from './create.ts';
import { editOf } from './edit.ts';
import { type EditedCall, endOf, type LifeEvent, phaseAt } from './life.ts';
import { approvalOf, approverOf, isAgent, isReviewer, requesterOf } from './parties.ts';
import type { RequestRefusal } from './refusals.ts';
import type { RequestFilter, RequestPage } from './repository.ts';
import { type AgentRequest, isActive } from './request.ts';
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

export interface BookParts extends CreateParts {
  /** As `decide`, for what was decided before, by policies of that version: it has been counted. */
  readonly decideAgain: (caller: Caller, action: Action, policyVersion: string) => Decision | Promise<Decision>;
  readonly rolesNow: RolesNow;
  /** What is wrong with the arguments that an approver would have a tool called with. */
  readonly checkArguments: (tool: string, args: JsonObject) => readonly FieldFault[];
}

type Answer<Value = AgentRequest> = Promise<Result<Value, RequestRefusal>>;

/** What agents and reviewers do with requests: who may, by which rules. When it is its time, life.ts says. */
export interface Book {
  readonly create: Create;
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
  const { repository, keeper, clock } = parts;

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
    create: createBy(parts),

    async approve(caller, name, { reason, parameters, digest }) {
      const self = approverOf(caller, parts.members());
      return asReviewer(caller, name, 'yes', async (request) => {
        if (digest !== undefined && digest !== request.digest) return refuse({ why: 'changed-meanwhile' });
        const edit = parameters === undefined ? ok(undefined) : editOf(request, parameters, parts.checkArguments);
        if (!edit.ok) return edit;
        if (edit.value !== undefined && (await isAskedElsewhere(request, edit.value))) {
          return refuse({ why: 'edit-taken' });
        }
        const approval = approvalOf(caller, self, clock(), reason);
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
