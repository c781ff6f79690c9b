import type { Client, ClientSession, Realm, UserSession } from '../model/index.ts';

// All in seconds. Measured rules: FACTS of the recorded Keycloak, "what sets exp".

/** When the session ends at the latest; infinite for offline sessions without a maximum. */
export function sessionEnd(realm: Realm, session: UserSession, offline: boolean): number {
  if (offline)
    return realm.offlineSessionMaxLifespanEnabled
      ? session.started + realm.offlineSessionMaxLifespan
      : Number.POSITIVE_INFINITY;
  const remembered = session.rememberMe && realm.ssoSessionMaxLifespanRememberMe > 0;
  return session.started + (remembered ? realm.ssoSessionMaxLifespanRememberMe : realm.ssoSessionMaxLifespan);
}

/** How long the session may rest. */
export function sessionIdle(realm: Realm, session: UserSession, offline: boolean): number {
  if (offline) return realm.offlineSessionIdleTimeout;
  const remembered = session.rememberMe && realm.ssoSessionIdleTimeoutRememberMe > 0;
  return remembered ? realm.ssoSessionIdleTimeoutRememberMe : realm.ssoSessionIdleTimeout;
}

/** Whether a session is still alive at `now`: neither over its maximum nor rested too long. */
export function isAlive(realm: Realm, session: UserSession, offline: boolean, now: number): boolean {
  return now < sessionEnd(realm, session, offline) && now <= session.lastAccess + sessionIdle(realm, session, offline);
}

/** When what this client has of the session ends at the latest. The client's maximum counts from its own start. */
export function clientSessionEnd(
  realm: Realm,
  client: Client,
  session: UserSession,
  own: Pick<ClientSession, 'started'> | undefined,
  offline: boolean,
  now: number,
): number {
  const max = offline
    ? realm.offlineSessionMaxLifespanEnabled
      ? (numberOf(client, 'client.offline.session.max.lifespan') ?? realm.clientOfflineSessionMaxLifespan)
      : 0
    : (numberOf(client, 'client.session.max.lifespan') ?? realm.clientSessionMaxLifespan);
  const whole = sessionEnd(realm, session, offline);
  return max > 0 ? Math.min(whole, (own?.started ?? now) + max) : whole;
}

/**
 * Seconds that an access token lives: the client's or the realm's lifespan, capped by the rest of the session.
 * -1 means the rest of the session. Without a session (service accounts) nothing caps it.
 */
export function accessTokenLifespan(realm: Realm, client: Client, end: number, now: number): number {
  const own = numberOf(client, 'access.token.lifespan');
  const wanted = own ?? realm.accessTokenLifespan;
  const rest = Math.max(0, end - now);
  return wanted === -1 ? (Number.isFinite(rest) ? rest : realm.accessTokenLifespan) : Math.min(wanted, rest);
}

/** Seconds that a refresh token lives; undefined: for ever (offline tokens without a maximum). */
export function refreshTokenLifespan(
  realm: Realm,
  client: Client,
  session: UserSession,
  end: number,
  offline: boolean,
  now: number,
): number | undefined {
  if (offline) return Number.isFinite(end) ? end - now : undefined;
  const clientIdle = numberOf(client, 'client.session.idle.timeout') ?? realm.clientSessionIdleTimeout;
  const idle = sessionIdle(realm, session, false);
  return Math.max(0, Math.min(clientIdle > 0 ? Math.min(clientIdle, idle) : idle, end - now));
}

/** How long this client's part of a session may rest; 0: as long as the session. */
export function clientIdle(realm: Realm, client: Client, offline: boolean): number {
  return offline
    ? (numberOf(client, 'client.offline.session.idle.timeout') ?? realm.clientOfflineSessionIdleTimeout)
    : (numberOf(client, 'client.session.idle.timeout') ?? realm.clientSessionIdleTimeout);
}

// A client attribute is free text that nobody checked; what is no number counts as absent, as in Keycloak.
function numberOf(client: Client, name: string): number | undefined {
  const text = client.attributes[name];
  return text !== undefined && /^-?\d+$/.test(text.trim()) ? Number(text) : undefined;
}
