import type { Client } from './client.ts';
import type { ClientSession, UserSession } from './session.ts';
import type { IdpState } from './state.ts';
import type { User } from './user.ts';

export interface NewSession {
  readonly realmId: string;
  readonly userId: string;
  readonly ipAddress: string;
  readonly rememberMe?: boolean;
  readonly authTime?: number;
  readonly acr?: string;
  readonly notes?: Readonly<Record<string, string>>;
}

/** Starts a user session; its id is 24 random characters, as in Keycloak since 26.5. */
export function createSession(state: IdpState, given: NewSession): UserSession {
  const now = state.now();
  return state.sessions.put({
    id: Buffer.from(state.random(18)).toString('base64url'),
    realmId: given.realmId,
    userId: given.userId,
    started: now,
    lastAccess: now,
    ipAddress: given.ipAddress,
    rememberMe: given.rememberMe ?? false,
    authMethod: 'openid-connect',
    ...(given.authTime === undefined ? {} : { authTime: given.authTime }),
    ...(given.acr === undefined ? {} : { acr: given.acr }),
    notes: given.notes ?? {},
    clients: {},
  });
}

/** The session with this `sid`, online or offline. */
export function findSession(state: IdpState, realmId: string, sid: string, offline = false): UserSession | undefined {
  return (offline ? state.offlineSessions : state.sessions).inRealm(realmId, sid);
}

/** Adds or replaces what a client has of a session, and marks the session as used now. */
export function putClientSession(
  state: IdpState,
  session: UserSession,
  client: Client,
  changes: Partial<ClientSession>,
  offline = false,
): UserSession {
  const now = state.now();
  const before: ClientSession = session.clients[client.id] ?? { started: now, lastAccess: now, scope: '', notes: {} };
  return (offline ? state.offlineSessions : state.sessions).put({
    ...session,
    lastAccess: now,
    clients: { ...session.clients, [client.id]: { ...before, ...changes, lastAccess: now } },
  });
}

/** Takes one client out of a session; an offline session without clients ends. */
export function removeClientSession(state: IdpState, session: UserSession, clientUuid: string, offline = false): void {
  const { [clientUuid]: _gone, ...clients } = session.clients;
  const collection = offline ? state.offlineSessions : state.sessions;
  if (offline && Object.keys(clients).length === 0) collection.delete(session.id);
  else collection.put({ ...session, clients });
}

/** Ends all sessions of a user; offline ones only if asked. */
export function endSessionsOfUser(
  state: IdpState,
  user: User,
  options: { readonly offline: boolean },
): readonly UserSession[] {
  const ended = [...state.sessions.by(user.realmId, 'user', user.id)];
  for (const it of ended) state.sessions.delete(it.id);
  if (options.offline)
    for (const it of state.offlineSessions.by(user.realmId, 'user', user.id)) state.offlineSessions.delete(it.id);
  return ended;
}

/** Takes a client out of every session, online and offline. */
export function endClientSessions(state: IdpState, client: Client): void {
  for (const it of state.sessions.by(client.realmId, 'client', client.id)) removeClientSession(state, it, client.id);
  for (const it of state.offlineSessions.by(client.realmId, 'client', client.id))
    removeClientSession(state, it, client.id, true);
}

/** A session that is nowhere stored: what the token of a service account is made from. */
export function transientSession(
  state: IdpState,
  given: Pick<NewSession, 'realmId' | 'userId' | 'ipAddress' | 'notes'>,
): UserSession {
  const now = state.now();
  return {
    id: '',
    realmId: given.realmId,
    userId: given.userId,
    started: now,
    lastAccess: now,
    ipAddress: given.ipAddress,
    rememberMe: false,
    authMethod: 'openid-connect',
    notes: given.notes ?? {},
    clients: {},
  };
}
