import type { UserSession } from '../../model/index.ts';
import { report, type Visit } from '../visit.ts';
import { sendLogoutTokens } from './backchannel.ts';

/**
 * Ends a session at its owner's wish and tells its clients. Offline sessions stay, as in Keycloak. Returns the session
 * as it was when it ended.
 */
export function endSession(visit: Visit, session: UserSession): UserSession | undefined {
  const { context, realm } = visit;
  const live = context.state.sessions.inRealm(realm.id, session.id);
  if (live === undefined) return undefined;
  context.state.sessions.delete(live.id);
  report(visit, { type: 'LOGOUT', userId: live.userId, sessionId: live.id });
  // The answer does not wait: a client that is down must not keep people from logging out.
  void sendLogoutTokens(context, realm, visit.base, [live]);
  return live;
}
