import type { RbacChange } from '@keyturn/policy/rbac';
import { ok } from '@keyturn/protocol';
import { commitChanges } from './commit-changes.ts';
import { sessionKey } from './context.ts';
import type { RbacParts } from './parts.ts';
import { userKey } from './person.ts';
import type { RbacState } from './state.ts';

/** What has ended at the identity provider: a session, or all of a person. */
export interface EndedSession {
  readonly issuer: string;
  readonly subject?: string | undefined;
  readonly sessionId?: string | undefined;
}

/** Sessions of one user for which roles are remembered as chosen; the first is forgotten for one more. */
const mostOfUser = 50;

/** Forgets what was chosen in sessions that have ended. */
export async function endSessions(parts: RbacParts, { issuer, subject, sessionId }: EndedSession): Promise<void> {
  const gone = ({ rbac }: RbacState): readonly RbacChange[] =>
    [...rbac.sessions].flatMap(([session, { user }]) => {
      const isOf = subject === undefined ? user.startsWith(`${issuer} `) : user === userKey({ issuer, subject });
      const isIt = sessionId === undefined ? subject !== undefined : session === sessionKey(user, `sid:${sessionId}`);
      return isOf && isIt ? [{ do: 'deleteSession' as const, user, session }] : [];
    });
  if (gone(parts.keeper.current()).length === 0) return;
  await commitChanges(parts, { actor: { identity: 'logout' } }, (state) => ok(gone(state)));
}

/** What makes room for one more session of a user. */
export function makeRoom({ rbac }: RbacState, user: string): readonly RbacChange[] {
  const sessions = [...(rbac.users.get(user)?.sessions ?? [])];
  return sessions
    .slice(0, Math.max(0, sessions.length - mostOfUser + 1))
    .map((session) => ({ do: 'deleteSession', user, session }));
}
