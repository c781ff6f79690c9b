import { cookieOf, setCookie } from '../http/cookies.ts';
import type { Visit } from '../visit.ts';
import { hashOf } from './identity.ts';

/** What this browser is called while it waits for a page to come back; shared by all its tabs. Unpredictable. */
export function browserRoot(visit: Visit): string {
  const own = knownRoot(visit);
  return own !== undefined && /^[\w-]{32}$/.test(own) ? own : randomText(visit, 24);
}

/** The name that the browser already has, if any. Foreign text: good for looking things up only. */
export function knownRoot(visit: Visit): string | undefined {
  return cookieOf(visit.request, 'AUTH_SESSION_ID');
}

/** Tells the browser its name; applications' scripts may see that it changed. */
export function bindBrowser(visit: Visit, rootId: string): void {
  setCookie(visit.reply, visit.cookies, 'AUTH_SESSION_ID', rootId);
  setCookie(visit.reply, visit.cookies, 'KC_AUTH_SESSION_HASH', hashOf(rootId), 60);
}

/** URL-safe text of this many random bytes. */
export function randomText(visit: Visit, bytes: number): string {
  return Buffer.from(visit.context.state.random(bytes)).toString('base64url');
}
