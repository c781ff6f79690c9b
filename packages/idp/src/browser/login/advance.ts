import type { FastifyReply } from 'fastify';
import type { User } from '../../model/index.ts';
import { sendRedirect } from '../http/send-page.ts';
import { sendErrorPage, type Visit } from '../visit.ts';
import { restartLogin } from './begin.ts';
import { finishLogin } from './finish.ts';
import { stepHref } from './links.ts';
import { nextStep } from './next-step.ts';
import { type OpenTicket, renewTicket } from './ticket.ts';

/** Goes on with a login whose user is known: to the next step, or to its end. */
export async function advance(visit: Visit, open: OpenTicket): Promise<FastifyReply> {
  const user = userOf(visit, open);
  if (user === undefined) return await restartLogin(visit);
  const step = nextStep(visit, open.client, open.ticket, user);
  if (step === undefined) return await finishLogin(visit, open, user);
  if (typeof step === 'object') {
    const text = `This identity provider does not support the required action ${step.unsupported}. Ask your administrator to remove it.`;
    return sendErrorPage(visit, text);
  }
  return sendRedirect(visit.reply, stepHref(visit, open, 'required-action', step));
}

/** Goes on with a login whose user has just been proven. From here on the old cookie and tab are worth nothing. */
export async function advanceAs(
  visit: Visit,
  open: OpenTicket,
  user: User,
  changes: { readonly authTime?: number; readonly rememberMe?: boolean; readonly actions?: readonly string[] },
): Promise<FastifyReply> {
  const known: OpenTicket = { ...open, ticket: { ...open.ticket, ...changes, userId: user.id } };
  return nextStep(visit, known.client, known.ticket, user) === undefined
    ? await finishLogin(visit, known, user)
    : await advance(visit, renewTicket(visit, open, { ...changes, userId: user.id }));
}

/** The user of a login, if known by now and still welcome. */
export function userOf(visit: Visit, open: OpenTicket): User | undefined {
  const { userId } = open.ticket;
  const user = userId === undefined ? undefined : visit.context.state.users.inRealm(visit.realm.id, userId);
  return user?.enabled === true ? user : undefined;
}
