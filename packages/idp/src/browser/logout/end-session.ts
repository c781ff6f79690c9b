import type { UserSession } from '../../model/index.ts';
import { report, type Visit } from '../visit.ts';
import { sendLogoutTokens } from './backchannel.ts';

/** Ends a session at its owner's wish and tells its clients. Offline sessions stay, as in Keycloak. */
export function endSession(visit: Visit, session: UserSession): void {
  const { context, realm } = visit;
  const live = context.state.sessions.inRealm(realm.id, session.id);
  if (live === undefined) return;
  context.state.sessions.delete(live.id);
  report(visit, { type: 'LOGOUT', userId: live.userId, sessionId: live.id });
  // The answer does not wait: a client that is down must not keep people from logging out.
  void sendLogoutTokens(context, realm, visit.base, [live]);
}
