import type { FastifyReply } from 'fastify';
import type { Visit } from '../visit.ts';
import { restartLogin, tabOf } from './begin.ts';
import { showLogin } from './show-login.ts';
import { changeTicket, findTicket, type OpenTicket } from './ticket.ts';

/** `GET login-actions/restart`: the login from its start, as somebody else perhaps. */
export async function restart(visit: Visit): Promise<FastifyReply> {
  const open = findTicket(visit, tabOf(visit));
  if (open === undefined || open.ticket.userId !== undefined) return await restartLogin(visit);
  return showLogin(visit, forget(visit, open));
}

function forget(visit: Visit, open: OpenTicket): OpenTicket {
  const { reauthenticating: _known, sessionId: _session, ...ticket } = open.ticket;
  return { ...changeTicket(visit, { ...open, ticket }, {}), ticket };
}
