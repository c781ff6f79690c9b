import type { FastifyReply } from 'fastify';
import { checkPassword, type LoginRefusal } from '../../authentication.ts';
import { formOf, queryOf } from '../../http/form.ts';
import { report, type Visit } from '../visit.ts';
import { advance, advanceAs } from './advance.ts';
import { restartLogin, tabOf } from './begin.ts';
import { showLogin } from './show-login.ts';
import { findTicket, isSessionCode } from './ticket.ts';

/** `GET login-actions/authenticate`: the login form again, after a reload or a step back. */
export async function showAuthenticate(visit: Visit): Promise<FastifyReply> {
  const open = findTicket(visit, tabOf(visit));
  if (open === undefined) return await restartLogin(visit);
  return open.ticket.userId === undefined ? showLogin(visit, open) : await advance(visit, open);
}

/** `POST login-actions/authenticate`: user name and password. What is wrong with them is not told apart. */
export async function postAuthenticate(visit: Visit): Promise<FastifyReply> {
  const open = findTicket(visit, tabOf(visit));
  if (open === undefined) return await restartLogin(visit);
  // The password is not even looked at unless our own page in this browser sent it (login CSRF).
  if (!isSessionCode(open, queryOf(visit.request).get('session_code'))) {
    return await restartLogin(visit, 'Your session has expired. Login will start from the beginning.');
  }
  if (open.ticket.userId !== undefined) return await advance(visit, open);
  const { context, realm } = visit;
  const form = formOf(visit.request);
  const known =
    open.ticket.reauthenticating === undefined
      ? undefined
      : context.state.users.inRealm(realm.id, open.ticket.reauthenticating);
  const username = known?.username ?? form.get('username') ?? '';
  const rememberMe = realm.rememberMe && ['on', 'true'].includes(form.get('rememberMe') ?? '');
  const checked = await checkPassword(context, realm, username, form.get('password') ?? '', visit.address);
  if (!checked.ok) {
    const { refusal } = checked;
    report(visit, {
      type: 'LOGIN_ERROR',
      clientId: open.client.clientId,
      ...(refusal.why === 'unknown' ? {} : { userId: refusal.user.id }),
      error: eventError(refusal),
      details: { auth_method: 'openid-connect', username },
    });
    const text =
      refusal.why === 'disabled'
        ? 'Account is disabled, contact your administrator.'
        : known === undefined
          ? 'Invalid username or password.'
          : 'Invalid password.';
    const typed = known === undefined && username !== '' ? { username } : {};
    return showLogin(visit, open, { notice: { kind: 'error', text }, rememberMe, ...typed });
  }
  // While the password was checked another post of the same form may have got through.
  const still = findTicket(visit, open.tabId);
  if (still === undefined) return await restartLogin(visit);
  return await advanceAs(visit, still, checked.value, { authTime: context.state.now(), rememberMe });
}

function eventError(refusal: LoginRefusal): string {
  switch (refusal.why) {
    case 'unknown':
      return 'user_not_found';
    case 'wrong':
      return 'invalid_user_credentials';
    case 'locked':
      return refusal.permanently ? 'user_disabled' : 'user_temporarily_disabled';
    case 'disabled':
      return 'user_disabled';
  }
}
