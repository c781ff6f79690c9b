import type { FastifyReply } from 'fastify';
import { formOf, queryOf } from '../../http/form.ts';
import { findLogin } from '../../model/index.ts';
import { sendPage } from '../http/send-page.ts';
import { sendActionMail } from '../mail/action-mails.ts';
import { forgotPage } from '../pages/account-forms.ts';
import { report, sendErrorPage, type Visit } from '../visit.ts';
import { advance } from './advance.ts';
import { restartLogin, tabOf } from './begin.ts';
import { formAction, stepHref } from './links.ts';
import { showLogin } from './show-login.ts';
import { findTicket, isSessionCode, type OpenTicket } from './ticket.ts';

/** `GET login-actions/reset-credentials`. */
export async function showForgot(visit: Visit): Promise<FastifyReply> {
  if (!visit.realm.resetPasswordAllowed) return sendErrorPage(visit, 'Reset Credential not allowed');
  const open = findTicket(visit, tabOf(visit));
  if (open === undefined) return await restartLogin(visit);
  return open.ticket.userId === undefined ? show(visit, open, '') : await advance(visit, open);
}

/** `POST login-actions/reset-credentials`: the answer is the same whether such a user exists or not. */
export async function postForgot(visit: Visit): Promise<FastifyReply> {
  const { realm, context } = visit;
  if (!realm.resetPasswordAllowed) return sendErrorPage(visit, 'Reset Credential not allowed');
  const open = findTicket(visit, tabOf(visit));
  if (open === undefined || !isSessionCode(open, queryOf(visit.request).get('session_code')))
    return await restartLogin(visit);
  const name = (formOf(visit.request).get('username') ?? '').trim();
  if (name === '') return show(visit, open, '', 'Please specify username.');
  const user = findLogin(context.state, realm, name);
  const known = user?.enabled === true && user.serviceAccountClientUuid === undefined ? user : undefined;
  report(visit, {
    type: known === undefined ? 'RESET_PASSWORD_ERROR' : 'SEND_RESET_PASSWORD',
    clientId: open.client.clientId,
    ...(known === undefined ? { error: 'user_not_found' } : { userId: known.id }),
    details: { username: name },
  });
  // Not awaited: how long a mail takes would tell whether there is somebody to send it to.
  if (known !== undefined) void sendActionMail(visit, open, known, 'reset-credentials');
  const text = 'You should receive an email shortly with further instructions.';
  return showLogin(visit, open, { notice: { kind: 'success', text } });
}

function show(visit: Visit, open: OpenTicket, username: string, error?: string): FastifyReply {
  const action = formAction(visit, open, 'reset-credentials', 'reset-credentials');
  const page = forgotPage(visit.realm, action, stepHref(visit, open, 'authenticate'), username, error);
  return sendPage(visit.reply, visit.realm, page);
}
