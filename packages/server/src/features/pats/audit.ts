import type { AuditActor, AuditEvent } from '@keyturn/store';
import type { Pat } from './pat.ts';
import type { NewRevocation } from './revocation-log.ts';

/** What happened to a token. It is written in the transaction that does it; the call's own row says by which call. */
export function patEvent(
  what: 'created' | 'renamed' | 'rotated' | 'revoked',
  { id, name, kind, owner, expiresAt }: Pick<Pat, 'id' | 'name' | 'kind' | 'owner' | 'expiresAt'>,
  by: AuditActor,
): AuditEvent {
  return {
    kind: `pat.${what}`,
    actor: by,
    action: what,
    target: id,
    outcome: 'allowed',
    facts: { name, kind, owner: owner.subject, expires_at: expiresAt },
  };
}

/** Access tokens that were ended along with personal ones: of a user, of a client, or all. */
export function tokensEvent({ revocation, until }: NewRevocation, by: AuditActor): AuditEvent {
  const { kind, value } = revocation;
  return {
    kind: 'tokens.revoked',
    actor: by,
    action: 'revoked',
    target: value,
    outcome: 'allowed',
    facts: { of: kind, until },
  };
}
