import type { AuditActor } from '@keyturn/store';
import type { Caller } from './caller.ts';
import type { Passage } from './frame.ts';

interface Somebody {
  readonly identity: string;
  readonly issuer: string;
  readonly client?: string | undefined;
}

/** Somebody as the audit names them. */
export function actorOf({ identity, client, issuer }: Somebody): AuditActor {
  return { identity, issuer, ...(client === undefined ? {} : { client }) };
}

/** Who makes a change, as its own audit row has it. */
export interface Changer {
  readonly actor: AuditActor;
  readonly requestId?: string | undefined;
}

export function changedBy({ principal }: Caller, requestId: string): Changer {
  return { actor: actorOf(principal), requestId };
}

/** The same, of a request that came through the rooms. */
export function changerOf({ approved, requestId }: Pick<Passage<unknown>, 'approved' | 'requestId'>): Changer {
  return changedBy(approved.caller, requestId);
}
