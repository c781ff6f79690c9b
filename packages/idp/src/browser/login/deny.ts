import type { FastifyReply } from 'fastify';
import { sendAnswer } from '../authorize/response-mode.ts';
import { denyDevice } from '../device/finish-device.ts';
import { sendErrorPage, type Visit } from '../visit.ts';
import { closeTicket, type OpenTicket } from './ticket.ts';

/** Ends a login because the person said no. */
export function denyLogin(visit: Visit, open: OpenTicket, reason: 'access_denied' | 'rejected_by_user'): FastifyReply {
  closeTicket(visit, open);
  const { goal } = open.ticket;
  switch (goal.kind) {
    case 'code':
      return sendAnswer(visit.reply, goal.request, [
        ['error', 'access_denied'],
        ['error_description', reason === 'rejected_by_user' ? 'User rejected the terms' : undefined],
        ['state', goal.request.state],
        ['iss', visit.base],
      ]);
    case 'device':
      return denyDevice(visit, goal.userCode);
    case 'account':
    case 'actions':
      return sendErrorPage(visit, 'Action cancelled.');
  }
}
