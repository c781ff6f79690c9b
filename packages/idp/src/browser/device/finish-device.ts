import type { FastifyReply } from 'fastify';
import { type Client, findSession, putClientSession, type UserSession } from '../../model/index.ts';
import { sendRedirect } from '../http/send-page.ts';
import { report, sendErrorPage, type Visit } from '../visit.ts';
import { decideDeviceRequest } from './device-codes.ts';

/** The person said yes: the waiting device gets its part of this session at its next poll. */
export function finishDevice(
  visit: Visit,
  client: Client,
  session: UserSession,
  goal: { readonly userCode: string; readonly scope: string },
): FastifyReply {
  const { state } = visit.context;
  const { userCode, scope } = goal;
  const current = findSession(state, visit.realm.id, session.id);
  if (current === undefined) return sendErrorPage(visit, 'Your session has ended. Please sign in again.');
  const decided = decideDeviceRequest(state, visit.realm, userCode, { decision: 'approved', sessionId: session.id });
  if (!decided) return sendErrorPage(visit, 'The code has expired. Please start again on your device.');
  putClientSession(state, current, client, { scope });
  report(visit, { type: 'LOGIN', clientId: client.clientId, userId: session.userId, sessionId: session.id });
  return sendRedirect(visit.reply, `${visit.base}/device/status`);
}

/** The person said no. */
export function denyDevice(visit: Visit, userCode: string): FastifyReply {
  decideDeviceRequest(visit.context.state, visit.realm, userCode, { decision: 'denied' });
  return sendRedirect(visit.reply, `${visit.base}/device/status?error=access_denied`);
}
