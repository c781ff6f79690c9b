import { createHash } from 'node:crypto';
import { findSession, type User, type UserSession } from '../../model/index.ts';
import { isAlive, sessionEnd } from '../../tokens/lifespans.ts';
import { cookieOf, dropCookie, setCookie } from '../http/cookies.ts';
import { seal, unseal } from '../seal.ts';
import { textOf } from '../text-of.ts';
import type { Visit } from '../visit.ts';

/** Who is signed in in this browser. */
export interface Identity {
  readonly session: UserSession;
  readonly user: User;
}

/** The login that the browser's `KEYCLOAK_IDENTITY` cookie stands for, if session and user are still alive and well. */
export async function findIdentity(visit: Visit): Promise<Identity | undefined> {
  const { context, realm, request } = visit;
  const text = cookieOf(request, 'KEYCLOAK_IDENTITY');
  const sealed = text === undefined ? undefined : await unseal(context, realm, 'identity-cookie', text);
  if (sealed === undefined) return undefined;
  const session = findSession(context.state, realm.id, textOf(sealed['sid']));
  if (session === undefined || !isAlive(realm, session, false, context.state.now())) return undefined;
  const user = context.state.users.inRealm(realm.id, session.userId);
  if (user?.enabled !== true || user.id !== sealed['sub']) return undefined;
  const issuedAt = Number(sealed['iat']);
  return issuedAt < realm.notBefore || issuedAt < user.notBefore ? undefined : { session, user };
}

/** Signs the browser in: the sealed cookie that counts, and the hash that applications' scripts may watch. */
export async function setIdentity(visit: Visit, session: UserSession): Promise<void> {
  const { context, realm, reply, cookies } = visit;
  const now = context.state.now();
  const lifetime = Math.max(1, sessionEnd(realm, session, false) - now);
  const body = { sid: session.id, sub: session.userId, iat: now };
  const value = await seal(context, realm, 'identity-cookie', lifetime, body);
  setCookie(reply, cookies, 'KEYCLOAK_IDENTITY', value, session.rememberMe ? lifetime : undefined);
  setCookie(reply, cookies, 'KEYCLOAK_SESSION', hashOf(session.id), lifetime);
}

/** Signs the browser out. The session itself is ended elsewhere. */
export function dropIdentity(visit: Visit): void {
  dropCookie(visit.reply, visit.cookies, 'KEYCLOAK_IDENTITY');
  dropCookie(visit.reply, visit.cookies, 'KEYCLOAK_SESSION');
}

/** What scripts may see of an id. */
export function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}
