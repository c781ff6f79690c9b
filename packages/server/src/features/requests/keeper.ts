import { type Clock, ok, type Result, refuse } from '@keyturn/protocol';
import type { AuditActor } from '@keyturn/store';
import { byKeyturn, changeEvent } from './audit.ts';
import { type LifeEvent, type LifeRefusal, phaseAt, step } from './life.ts';
import type { RequestRefusal } from './refusals.ts';
import type { PartySelector, RequestRepository } from './repository.ts';
import type { AgentRequest } from './request.ts';

/** More races than any honest set of people makes of one request. */
const maxTries = 20;

/** Leads requests through their life: reads, computes the next state, and stores it if nobody was faster. */
export interface Keeper {
  /**
   * Applies what `decide` makes of the request as it stands, again if somebody else changed it meanwhile. `decide` may
   * look at anything, and refuses with its own reason.
   */
  readonly advance: (
    name: string,
    actor: AuditActor,
    decide: (request: AgentRequest) => Promise<Result<LifeEvent, RequestRefusal>> | Result<LifeEvent, RequestRefusal>,
  ) => Promise<Result<AgentRequest, RequestRefusal>>;
  /** The same by Keyturn itself, for an event that depends on nothing. False if it was not its time any more. */
  readonly apply: (request: AgentRequest, event: LifeEvent) => Promise<boolean>;
  /** Voids what is pending or approved and was asked for or approved by whoever is named. Returns how many. */
  readonly voidAll: (selector: PartySelector, reason: string, message: string) => Promise<number>;
  /** Ends what time has overtaken. Returns how many. */
  readonly sweep: () => Promise<number>;
  /** The same, of one call only. */
  readonly sweepCall: (callKey: string) => Promise<void>;
}

export function openKeeper(repository: RequestRepository, clock: Clock): Keeper {
  const store = async (
    before: AgentRequest,
    event: LifeEvent,
    actor: AuditActor,
  ): Promise<Result<AgentRequest, LifeRefusal | { readonly why: 'lost' }>> => {
    const next = step(before, event, clock());
    if (!next.ok) return next;
    const stored = await repository.update(before, next.value, changeEvent(before, next.value, event.type, actor));
    return stored ? next : refuse({ why: 'lost' });
  };
  const apply = async (request: AgentRequest, event: LifeEvent): Promise<boolean> => {
    let current: AgentRequest | undefined = request;
    for (let tries = 0; current !== undefined && tries < maxTries; tries += 1) {
      const done = await store(current, event, byKeyturn);
      if (done.ok) return true;
      if (done.refusal.why === 'phase') return false;
      current = await repository.byName(request.name);
    }
    return false;
  };
  return {
    async advance(name, actor, decide) {
      for (let tries = 0; tries < maxTries; tries += 1) {
        const request = await repository.byName(name);
        if (request === undefined) return refuse({ why: 'unknown-request', name });
        const event = await decide(request);
        if (!event.ok) return event;
        const done = await store(request, event.value, actor);
        if (done.ok) return ok(done.value);
        if (done.refusal.why === 'phase') return refuse(done.refusal);
      }
      return refuse({ why: 'changed-meanwhile' });
    },
    apply,
    async voidAll(selector, reason, message) {
      let count = 0;
      for (const request of await repository.concerning(selector)) {
        if (await apply(request, { type: 'void', reason, message })) count += 1;
      }
      return count;
    },
    async sweep() {
      let count = 0;
      for (const request of await repository.overdue(clock())) if (await apply(request, overtaken(request))) count += 1;
      return count;
    },
    async sweepCall(callKey) {
      for (const request of await repository.ofCall(callKey)) {
        const { phase, executingUntil = 0 } = request;
        const isLost = phase === 'Executing' && clock() >= executingUntil;
        if (isLost || phaseAt(request, clock()) === 'Expired') await apply(request, overtaken(request));
      }
    },
  };
}

/** What time does to a request that it has overtaken. */
function overtaken({ phase }: AgentRequest): LifeEvent {
  return phase === 'Executing'
    ? { type: 'lose', message: 'whoever executed it said nothing of it in time' }
    : { type: 'expire' };
}
