import { type Clock, refuse } from '@keyturn/protocol';
import type { Revocation } from '@keyturn/verify';
import type { RoomParts } from '../../http/rooms.ts';
import type { Log } from '../../outside/log.ts';
import type { Gate } from './gate.ts';
import type { Requests } from './open-requests.ts';
import type { PartySelector } from './repository.ts';

/** The third room where the feature is off: what needs a second key is refused, and nothing is ever spent. */
export const nobodyToAsk: Pick<RoomParts<never, never>, 'secondKey' | 'settle'> = {
  secondKey: async ({ action }) =>
    refuse({ why: 'nobody-to-ask', reason: `${action.kind} needs a second key, and nobody can be asked for it.` }),
  settle: async () => undefined,
};

/** The second room: what people approved of a call that policy denies now is void, and not merely passed over. */
export function voidingOnDeny(
  decide: RoomParts<never, never>['decide'],
  gate: Gate,
): RoomParts<never, never>['decide'] {
  return (caller, action) => {
    const decided = decide(caller, action);
    const judge = async (pending: typeof decided) => {
      const decision = await pending;
      if (decision.effect === 'deny') await gate.denied(caller, action, decision.reason);
      return decision;
    };
    return decided instanceof Promise || decided.effect === 'deny' ? judge(decided) : decided;
  };
}

/** Voids what a revoked token, session, user or client has asked for or approved, on whichever replica hears of it first. */
export function voidOnRevocation(
  requests: Requests,
  onRevoked: (
    listener: (revoked: { readonly revocation: Revocation; readonly pat?: string | undefined }) => void,
  ) => unknown,
  clock: Clock,
  log: Log,
): void {
  onRevoked(({ revocation, pat }) => {
    for (const selector of selectorsOf(revocation, pat)) {
      requests
        .voidAll(selector, 'TokenRevoked', `A token, session or account of whoever asked or approved was revoked.`)
        .then((count) => count > 0 && log.info({ count, at: clock() }, 'requests voided by a revocation'))
        .catch((error: unknown) => log.error({ error: String(error) }, 'a revocation did not void what it concerns'));
    }
  });
}

/** Voids what a stopped agent waits for, by whichever of its names it was stopped. */
export function voidOfKilled(requests: Requests, agent: string, reason: string, log: Log): void {
  for (const kind of ['agent', 'client', 'sub'] as const) {
    requests
      .voidAll({ kind, value: agent }, 'AgentStopped', `The agent was stopped: ${reason}`)
      .catch((error: unknown) => log.error({ error: String(error) }, 'the requests of a stopped agent stand'));
  }
}

function selectorsOf({ kind, value, issuer }: Revocation, pat: string | undefined): readonly PartySelector[] {
  const ofPat: readonly PartySelector[] = pat === undefined ? [] : [{ kind: 'pat', value: pat }];
  const among = issuer === undefined ? {} : { issuer };
  switch (kind) {
    case 'all':
      return [{ kind: 'all' }];
    case 'pat':
      return [...ofPat, { kind: 'jti', value, ...among }];
    case 'jti':
    case 'sid':
    case 'sub':
    case 'client':
      return [...ofPat, { kind, value, ...among }];
    default:
      return kind satisfies never;
  }
}
