import type { FastifyReply } from 'fastify';
import {
  type Client,
  createSession,
  findSession,
  putClientSession,
  type User,
  type UserSession,
} from '../../model/index.ts';
import { isAlive } from '../../tokens/lifespans.ts';
import { issueCode } from '../authorize/code.ts';
import type { AuthorizationRequest } from '../authorize/request.ts';
import { sendAnswer } from '../authorize/response-mode.ts';
import { finishDevice } from '../device/finish-device.ts';
import { dropCookie } from '../http/cookies.ts';
import { sendPage, sendRedirect } from '../http/send-page.ts';
import { endSession } from '../logout/end-session.ts';
import { infoPage, wayBack } from '../pages/message-pages.ts';
import { report, sendErrorPage, type Visit } from '../visit.ts';
import { restartLogin } from './begin.ts';
import { findIdentity, setIdentity } from './identity.ts';
import { isStep } from './next-step.ts';
import { closeTicket, type OpenTicket } from './ticket.ts';

/** Ends a login: the browser gets its session, and what the login was for gets its answer. */
export async function finishLogin(visit: Visit, open: OpenTicket, user: User): Promise<FastifyReply> {
  // Two posts of one form race for the ticket; the loser begins anew.
  if (!closeTicket(visit, open)) return await restartLogin(visit);
  const { goal } = open.ticket;
  if (goal.kind === 'actions') {
    const page = infoPage(visit.realm, 'Done', 'Your account has been updated.', wayBack(goal.redirectUri));
    return sendPage(visit.reply, visit.realm, page);
  }
  const session = await settleSession(visit, open, user);
  dropCookie(visit.reply, visit.cookies, 'KC_RESTART');
  await setIdentity(visit, session);
  switch (goal.kind) {
    case 'code':
      return sendCode(visit, open.client, user, session, goal.request, open.ticket.authTime === undefined);
    case 'device':
      return finishDevice(visit, open.client, session, goal);
    case 'account':
      return sendRedirect(visit.reply, `${visit.base}/account/`);
  }
}

// The same person in the same browser goes on in the session that is there; somebody else's ends first.
async function settleSession(visit: Visit, open: OpenTicket, user: User): Promise<UserSession> {
  const { realm, context } = visit;
  const { state } = context;
  const { ticket } = open;
  const cookie = await findIdentity(visit);
  if (cookie !== undefined && cookie.user.id !== user.id) endSession(visit, cookie.session);
  const sessionId = cookie?.user.id === user.id ? cookie.session.id : ticket.sessionId;
  const current = sessionId === undefined ? undefined : findSession(state, realm.id, sessionId);
  if (current?.userId === user.id && isAlive(realm, current, false, state.now())) {
    return ticket.authTime === undefined ? current : state.sessions.put({ ...current, authTime: ticket.authTime });
  }
  return createSession(state, {
    realmId: realm.id,
    userId: user.id,
    ipAddress: visit.address,
    rememberMe: ticket.rememberMe,
    authTime: ticket.authTime ?? state.now(),
  });
}

/**
 * Answers an authorization request with a code, in Keycloak's order of parameters. `bySession`: the browser was signed
 * in already, which tokens show as `acr` 0.
 */
export function sendCode(
  visit: Visit,
  client: Client,
  user: User,
  session: UserSession,
  request: AuthorizationRequest,
  bySession: boolean,
): FastifyReply {
  const { context, realm } = visit;
  const { state } = context;
  const { redirectUri, scope } = request;
  // A logout in another tab may have come first; what it ended stays ended.
  const current = findSession(state, realm.id, session.id);
  if (current === undefined) return sendErrorPage(visit, 'Your session has ended. Please sign in again.');
  const code = state.transaction(() => {
    const notes = { ...current.clients[client.id]?.notes, SSO_AUTH: String(bySession) };
    const touched = putClientSession(state, current, client, { scope, redirectUri, notes });
    return issueCode(state, realm, client, touched, request);
  });
  report(visit, {
    type: 'LOGIN',
    clientId: client.clientId,
    userId: user.id,
    sessionId: session.id,
    details: { auth_method: 'openid-connect', redirect_uri: redirectUri, code_id: session.id, username: user.username },
  });
  const excluded = (name: string): boolean => client.attributes[`exclude.${name}.from.auth.response`] === 'true';
  return sendAnswer(visit.reply, request, [
    ['state', request.state],
    ['session_state', excluded('session.state') ? undefined : session.id],
    ['iss', excluded('issuer') ? undefined : visit.base],
    ['kc_action_status', actionStatus(request)],
    ['code', code],
  ]);
}

// A code is only sent when every step was done; an action that has no page was none.
function actionStatus({ action }: AuthorizationRequest): string | undefined {
  return action === undefined ? undefined : isStep(action) ? 'success' : 'error';
}
