import { type Client, endSessionsOfUser, removeClientSession, type User, type UserSession } from '../../model/index.ts';
import { isAlive } from '../../tokens/lifespans.ts';
import { sendLogoutTokens } from '../../browser/logout/backchannel.ts';
import { type Answer, done, json, noContent, notFound } from '../frame/answer.ts';
import { flagOf, pageOf, type RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { withClient } from './clients.ts';
import { withUser } from './users.ts';

/** Sessions of users and of clients, and the ways to end them. */
export function registerSessions(routes: RealmRoutes): void {
  const ends = { needs: may.manageUsers, records: 'USER', as: 'ACTION' } as const;
  routes.get(
    '/users/:user/sessions',
    may.viewUsers,
    withUser((call, user) => {
      const sessions = alive(call, call.context.state.sessions.by(call.realm.id, 'user', user.id), false);
      return json(sessions.map((it) => showSession(call, it)));
    }),
  );
  routes.get('/users/:user/offline-sessions/:client', may.viewUsers, withUser(offlineSessionsOf));
  routes.post('/users/:user/logout', ends, withUser(logout));
  routes.delete('/sessions/:session', { needs: may.manageUsers, records: 'USER_SESSION' }, endSession);
  routes.post('/logout-all', { ...ends, records: 'REALM' }, (call) => {
    const { state } = call.context;
    const ended = [...state.sessions.ofRealm(call.realm.id)];
    state.transaction(() => {
      for (const session of ended) state.sessions.delete(session.id);
    });
    tellClients(call, ended);
    return { ...json({}), recorded: {} };
  });
  // No client registers nodes here: there is nobody to push to.
  routes.post('/push-revocation', { needs: may.manageRealm, records: 'REALM', as: 'ACTION' }, () => ({
    ...json({}),
    recorded: {},
  }));

  routes.get(
    '/clients/:client/user-sessions',
    may.viewClients,
    withClient((call, client) => json(listed(call, client, false))),
  );
  routes.get(
    '/clients/:client/offline-sessions',
    may.viewClients,
    withClient((call, client) => json(listed(call, client, true))),
  );
  routes.get(
    '/clients/:client/session-count',
    may.viewClients,
    withClient((call, client) => json({ count: sessionsOf(call, client, false).length })),
  );
  routes.get(
    '/clients/:client/offline-session-count',
    may.viewClients,
    withClient((call, client) => json({ count: sessionsOf(call, client, true).length })),
  );
  routes.get('/client-session-stats', may.viewRealm, (call) =>
    json(
      call.context.state.clients.ofRealm(call.realm.id).flatMap((client) => {
        const active = sessionsOf(call, client, false).length;
        const offline = sessionsOf(call, client, true).length;
        const counts = { offline: String(offline), clientId: client.clientId, active: String(active), id: client.id };
        return active + offline === 0 ? [] : [counts];
      }),
    ),
  );
}

function sessionsOf(call: RealmCall, client: Client, offline: boolean): readonly UserSession[] {
  const { state } = call.context;
  return alive(
    call,
    (offline ? state.offlineSessions : state.sessions).by(call.realm.id, 'client', client.id),
    offline,
  );
}

// What has expired is swept now and then; nobody should see it until then.
function alive(call: RealmCall, sessions: readonly UserSession[], offline: boolean): readonly UserSession[] {
  const now = call.context.state.now();
  return sessions.filter((it) => isAlive(call.realm, it, offline, now));
}

function listed(call: RealmCall, client: Client, offline: boolean): readonly object[] {
  return pageOf(call, sessionsOf(call, client, offline), 100).map((it) => showSession(call, it));
}

function offlineSessionsOf(call: RealmCall, user: User): Answer {
  const { state } = call.context;
  const client = state.clients.inRealm(call.realm.id, call.param('client'));
  if (client === undefined) return notFound('Client not found');
  const sessions = alive(call, state.offlineSessions.by(call.realm.id, 'user', user.id), true).filter((it) =>
    Object.hasOwn(it.clients, client.id),
  );
  return json(sessions.map((it) => showSession(call, { ...it, clients: onlyOf(it, client) })));
}

function onlyOf(session: UserSession, client: Client): UserSession['clients'] {
  return Object.fromEntries(Object.entries(session.clients).filter(([uuid]) => uuid === client.id));
}

/** Ends the online sessions and moves the user's not-before, which makes offline tokens stale as well. */
function logout(call: RealmCall, user: User): Answer {
  const { state } = call.context;
  const ended = state.transaction(() => {
    state.users.put({ ...user, notBefore: state.now() });
    return endSessionsOfUser(state, user, { offline: false });
  });
  tellClients(call, ended);
  return noContent;
}

// The answer does not wait: a client that is down must not keep an administrator from ending sessions.
function tellClients(call: RealmCall, ended: readonly UserSession[]): void {
  const { context, realm, request } = call;
  void sendLogoutTokens(context, realm, context.urls.issuer(request, realm), ended);
}

function endSession(call: RealmCall): Answer {
  const { state } = call.context;
  const collection = flagOf(call, 'isOffline', false) ? state.offlineSessions : state.sessions;
  const session = collection.inRealm(call.realm.id, call.param('session'));
  // Keycloak's own spelling.
  if (session === undefined) return notFound('Sesssion not found');
  collection.delete(session.id);
  tellClients(call, [session]);
  return done({ offline: collection === state.offlineSessions });
}

/** Ends what a client has of a user's offline sessions; false if it had nothing. */
export function endOfflineOf(call: RealmCall, user: User, client: Client): boolean {
  const { state } = call.context;
  const sessions = state.offlineSessions
    .by(call.realm.id, 'user', user.id)
    .filter((it) => Object.hasOwn(it.clients, client.id));
  for (const session of sessions) removeClientSession(state, session, client.id, true);
  return sessions.length > 0;
}

function showSession(call: RealmCall, session: UserSession): object {
  const { state } = call.context;
  const clients = Object.keys(session.clients).flatMap((uuid) => {
    const client = state.clients.get(uuid);
    return client === undefined ? [] : [[uuid, client.clientId] as const];
  });
  return {
    id: session.id,
    username: state.users.get(session.userId)?.username,
    userId: session.userId,
    ipAddress: session.ipAddress,
    start: session.started * 1000,
    lastAccess: session.lastAccess * 1000,
    rememberMe: session.rememberMe,
    clients: Object.fromEntries(clients),
    transientUser: false,
  };
}
