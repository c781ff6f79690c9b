import type { IdpState } from './model/index.ts';
import { isAlive } from './tokens/lifespans.ts';

/** Removes sessions that are over: nobody can use them any more, they only take memory. */
export function sweepSessions(state: IdpState): void {
  const now = state.now();
  state.transaction(() => {
    for (const offline of [false, true]) {
      const sessions = offline ? state.offlineSessions : state.sessions;
      const over = [...sessions.all()].filter((session) => {
        const realm = state.realms.get(session.realmId);
        return realm === undefined || !isAlive(realm, session, offline, now);
      });
      for (const session of over) sessions.delete(session.id);
    }
  });
}

/** Removes events that are older than their realm keeps them. */
export function sweepEvents(state: IdpState): void {
  for (const realm of state.realms.all()) {
    const { eventsExpiration = 0 } = realm;
    if (eventsExpiration > 0) state.events.expire(realm.id, state.clock() - eventsExpiration * 1000);
    const adminExpiration = Number(realm.attributes['adminEventsExpiration'] ?? 0);
    if (adminExpiration > 0) state.adminEvents.expire(realm.id, state.clock() - adminExpiration * 1000);
  }
}
