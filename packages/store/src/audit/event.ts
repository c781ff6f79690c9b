import type { EpochMilliseconds, JsonObject } from '@keyturn/protocol';

/** Who did something: the identity that was verified, through which client, by whose word. */
export interface AuditActor {
  readonly identity: string;
  readonly client?: string | undefined;
  readonly issuer?: string | undefined;
}

/**
 * One thing that happened. Holds no secret: no token, code, password or argument in the clear. What goes into `facts`
 * is the caller's care, since only the caller knows what its values mean.
 */
export interface AuditEvent {
  /** Default: the store's clock when the event is handed over. */
  readonly at?: EpochMilliseconds;
  /** What sort of thing, dotted: `tool.call`, `pat.revoke`. */
  readonly kind: string;
  readonly actor: AuditActor;
  /** Whom the actor acts for, where that is someone else: the user of an agent, the subject of an exchange. */
  readonly onBehalfOf?: AuditActor | undefined;
  /** What was done, in the words of the feature: `execute`, `create`. */
  readonly action: string;
  /** To what: an id or a name. */
  readonly target?: string | undefined;
  readonly outcome: 'allowed' | 'refused' | 'failed';
  /** Why it was refused or failed: a stable code. */
  readonly reason?: string | undefined;
  readonly requestId?: string | undefined;
  readonly facts?: JsonObject | undefined;
}

/** An event in its chain. `hash` covers all else, and `prev` is the `hash` of the row before. */
export interface AuditRow extends AuditEvent {
  readonly at: EpochMilliseconds;
  /** `aud_…`, new for each writing process. */
  readonly chain: string;
  /** 1, 2, 3, … without gaps. */
  readonly seq: number;
  /** Empty in the first row of a chain. */
  readonly prev: string;
  /** SHA-256 in hex over the canonical JSON of the row without this member. */
  readonly hash: string;
}
