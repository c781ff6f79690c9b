import {
  type Clock,
  epochMilliseconds,
  ok,
  type Random,
  type Result,
  refuse,
  seconds,
  type Seconds,
} from '@keyturn/protocol';
import type { Caller } from '../../http/caller.ts';
import type {
  Action,
  AskedRequest,
  Outcome,
  Permitted,
  RoomParts,
  SecondKeyRefusal,
  TurnedKey,
} from '../../http/rooms.ts';
import { actorOf } from '../../http/audit-actor.ts';
import { changeEvent } from './audit.ts';
import { bind } from './binding.ts';
import type { Keeper } from './keeper.ts';
import { begin, endOf, type LifeEvent, phaseAt } from './life.ts';
import { nameOfRequest } from './name.ts';
import type { Membership } from './membership.ts';
import { requesterOf } from './parties.ts';
import type { RequestRepository } from './repository.ts';
import type { AgentRequest, AskedCall, Requester } from './request.ts';
import { type RolesNow, stillHolds } from './validity.ts';

export interface GateParts {
  readonly repository: RequestRepository;
  readonly keeper: Keeper;
  readonly members: () => Membership;
  readonly rolesNow: RolesNow;
  readonly clock: Clock;
  readonly random: Random;
  readonly maxPending: number;
  /** How long a request lives where the rule does not say. */
  readonly within: Seconds;
  /** How long a call of ours may be under way: after that, whoever made it is taken for dead. */
  readonly lease: Seconds;
}

/** The third room, and what it learns of calls afterwards. */
export interface Gate {
  readonly secondKey: RoomParts<never, never>['secondKey'];
  readonly settle: RoomParts<never, never>['settle'];
  /** Policy denies a call: what was approved of it is void. */
  readonly denied: (caller: Caller, action: Action, reason: string) => Promise<void>;
}

type Spent = Result<TurnedKey, SecondKeyRefusal> | 'look-again' | 'ask';

/**
 * The gate before every call: the approval of exactly this call is spent by one conditional update, or people are asked.
 * What stands in the way of either is said.
 */
export function openGate(parts: GateParts): Gate {
  const { repository, keeper, clock, random } = parts;

  const spend = async (request: AgentRequest, now: Parameters<typeof stillHolds>[1]): Promise<Spent> => {
    const asked = askedOf(request);
    if (request.outcomeUnknown) return refuse({ why: 'outcome-unknown', request: asked });
    const phase = phaseAt(request, clock());
    switch (phase) {
      case 'Executing':
        if (clock() >= (request.executingUntil ?? 0)) {
          await keeper.sweepCall(request.callKey);
          return 'look-again';
        }
        return refuse({ why: 'call-under-way', request: asked });
      case 'Pending':
      case 'Approved': {
        const fault =
          phase === 'Approved' ? await stillHolds(request, now, parts.members(), parts.rolesNow) : undefined;
        const isOther = request.digest !== now.digest;
        if (fault !== undefined || isOther) {
          const { reason, message } = fault ?? {
            reason: 'PolicyChanged',
            message: 'The policies or the tool are not those that the request was made under.',
          };
          await keeper.apply(request, { type: 'void', reason, message });
          return 'look-again';
        }
        if (phase === 'Pending') {
          const reason = now.decision.effect === 'needs-second-key' ? now.decision.reason : 'People have to approve.';
          return refuse({ why: 'second-key-needed', reason, request: asked });
        }
        const until = epochMilliseconds(clock() + parts.lease * 1000);
        const spent = await keeper.advance(request.name, actorOf(request.requester), (current) =>
          current.version === request.version ? ok({ type: 'execute', until }) : refuse({ why: 'changed-meanwhile' }),
        );
        return spent.ok ? ok({ request: request.name }) : 'look-again';
      }
      case 'Denied':
        // What people said no to stays no for as long as they could have said yes. A policy's own no is not theirs.
        return request.asked !== undefined && clock() < request.expiresAt
          ? refuse({ why: 'request-denied', reason: request.message ?? '', request: asked })
          : 'ask';
      case 'Completed':
      case 'Failed':
      case 'Expired':
      case 'Cancelled':
        return 'ask';
      default:
        return phase satisfies never;
    }
  };

  const ask = async (
    requester: Requester,
    call: AskedCall,
    permitted: Permitted,
  ): Promise<Result<AskedRequest, SecondKeyRefusal> | 'look-again'> => {
    const { decision } = permitted;
    if (decision.effect !== 'needs-second-key')
      return refuse({ why: 'nobody-to-ask', reason: 'Nothing was asked for.' });
    const now = clock();
    const policyVersion = decision.policyVersion ?? '';
    const request = begin(
      {
        name: nameOfRequest(requester.identity, random),
        via: 'gate',
        requester,
        call,
        ...bind(requester, call, policyVersion),
        policyVersion,
        rule: decision.rule,
        labels: { namespace: 'default' },
        createdAt: now,
        expiresAt: endOf(now, decision.approvals.within),
      },
      decision,
    );
    const audit = changeEvent(undefined, request, 'create', actorOf(requester));
    const stored = await repository.insert(request, parts.maxPending, audit);
    if (stored === 'full') {
      return refuse({ why: 'too-many-pending', limit: parts.maxPending, retryAfter: seconds(60) });
    }
    return stored === 'taken' ? 'look-again' : ok(askedOf(request));
  };

  return {
    async secondKey(permitted) {
      const { caller, action, decision } = permitted;
      const requester = requesterOf(caller, parts.members());
      const call = callOf(action);
      const { digest, callKey } = bind(requester, call, decision.policyVersion ?? '');
      const now = { decision, digest, toolVersion: call.toolVersion };
      // Each turn, somebody else was faster, or what stood in the way was voided; a few turns are all that it takes.
      for (let turn = 0; turn < 20; turn += 1) {
        let spent: Spent = 'ask';
        for (const request of await repository.ofCall(callKey)) {
          const isEdited = request.callKey !== callKey;
          const isOpen = ['Pending', 'Approved'].includes(phaseAt(request, clock()));
          if (isEdited && !isOpen) continue;
          spent = isEdited ? refuse(editedInto(request)) : await spend(request, now);
          if (spent !== 'ask') break;
        }
        if (spent !== 'ask' && spent !== 'look-again') return spent;
        if (spent === 'look-again') continue;
        const asked = await ask(requester, call, permitted);
        if (asked === 'look-again') {
          // One that time has overtaken still holds the place of the active one until it is called Expired.
          await keeper.sweepCall(callKey);
          continue;
        }
        if (!asked.ok) return asked;
        const reason = decision.effect === 'needs-second-key' ? decision.reason : '';
        return refuse({ why: 'second-key-needed', reason, request: asked.value });
      }
      throw new Error('a call raced with others twenty times over');
    },
    async settle({ request: name }, outcome, note) {
      const request = await repository.byName(name);
      if (request !== undefined) await keeper.apply(request, eventOf(outcome, note));
    },
    async denied(caller, action, reason) {
      if (action.args === undefined) return;
      const { callKey } = bind(requesterOf(caller, parts.members()), callOf(action), '');
      for (const request of await repository.ofCall(callKey)) {
        await keeper.apply(request, { type: 'void', reason: 'PolicyDenies', message: reason });
      }
    },
  };
}

/** The exact call, as a request keeps it. */
function callOf({ kind, targetUri, target, tool, args = {} }: Action): AskedCall {
  const uri = targetUri ?? target;
  return {
    action: kind,
    args,
    reason: '',
    ...(uri === undefined ? {} : { targetUri: uri }),
    ...(tool === undefined ? {} : { tool: tool.id, toolVersion: `${tool.hash} ${tool.audience ?? ''}` }),
  };
}

/** What became of a call, as its request learns it. */
function eventOf(outcome: Outcome, note: string | undefined): LifeEvent {
  switch (outcome) {
    case 'completed':
      return { type: 'complete', message: 'The call was made and answered.' };
    case 'failed':
      return { type: 'fail', message: note ?? 'The upstream refused.' };
    case 'unknown':
      return { type: 'lose', message: note ?? 'the call broke off' };
    case 'not-reached':
      return { type: 'release', message: `The upstream was not reached (${note ?? 'no reason given'}).` };
    default:
      return outcome satisfies never;
  }
}

function editedInto(request: AgentRequest): SecondKeyRefusal {
  const { args } = request.call;
  const changes = (request.edit?.changes ?? []).map(({ at, from, to }) => ({
    at,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  }));
  return { why: 'call-edited', request: askedOf(request), args, changes };
}

/** Where a request is found. */
export function urlOfRequest(name: string): string {
  return `/agent-requests/${name}`;
}

function askedOf({ name, expiresAt }: AgentRequest): AskedRequest {
  return { name, url: urlOfRequest(name), expiresAt };
}
