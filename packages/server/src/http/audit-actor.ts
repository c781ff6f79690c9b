import type { AuditActor } from '@keyturn/store';

interface Somebody {
  readonly identity: string;
  readonly issuer: string;
  readonly client?: string | undefined;
}

/** Somebody as the audit names them. */
export function actorOf({ identity, client, issuer }: Somebody): AuditActor {
  return { identity, issuer, ...(client === undefined ? {} : { client }) };
}
