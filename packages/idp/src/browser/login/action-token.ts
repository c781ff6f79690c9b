import type { FastifyReply } from 'fastify';
import { formOf, queryOf } from '../../http/form.ts';
import { sendPage } from '../http/send-page.ts';
import { type ActionKey, readActionKey, spendActionKey } from '../mail/action-key.ts';
import { html } from '../pages/html.ts';
import { infoPage, wayBack } from '../pages/message-pages.ts';
import { report, sendErrorPage, type Visit } from '../visit.ts';
import { advance, advanceAs } from './advance.ts';
import { accountClient } from './begin.ts';
import { changeTicket, findTicket, type OpenTicket, openTicket, renewTicket } from './ticket.ts';

const stale = 'Action expired. The link may have been used already, or is too old.';

/** `GET login-actions/action-token`: a click in a mail. In the browser that asked for the mail it acts at once. */
export async function showActionToken(visit: Visit): Promise<FastifyReply> {
  const text = queryOf(visit.request).get('key') ?? '';
  const key = await readActionKey(visit, text);
  if (key === undefined) return sendErrorPage(visit, stale);
  const open = key.tabId === undefined ? undefined : findTicket(visit, key.tabId);
  if (open !== undefined && (open.ticket.userId === undefined || open.ticket.userId === key.user.id)) {
    return await act(visit, key, open);
  }
  // Another browser, or a mail scanner that follows links: nothing happens before somebody presses the button.
  return sendPage(visit.reply, visit.realm, {
    ...infoPage(visit.realm, headings[key.purpose], questions[key.purpose]),
    body: html`<p class="instruction">${questions[key.purpose]}</p>
<form id="kc-action-token-form" action="${`${visit.base}/login-actions/action-token`}" method="post">
<input type="hidden" name="key" value="${text}">
<button id="kc-proceed" type="submit">Continue</button>
</form>`,
  });
}

/** `POST login-actions/action-token`: the button on that page. Signs nobody in. */
export async function postActionToken(visit: Visit): Promise<FastifyReply> {
  const key = await readActionKey(visit, formOf(visit.request).get('key') ?? '');
  return key === undefined ? sendErrorPage(visit, stale) : await act(visit, key, undefined);
}

const headings = {
  'verify-email': 'Email verification',
  'reset-credentials': 'Update password',
  'execute-actions': 'Update your account',
} as const;

const questions = {
  'verify-email': 'Confirm that this email address is yours.',
  'reset-credentials': 'Choose a new password for your account.',
  'execute-actions': 'Your administrator has asked you to update your account.',
} as const;

async function act(visit: Visit, key: ActionKey, open: OpenTicket | undefined): Promise<FastifyReply> {
  const { state } = visit.context;
  const current = state.users.get(key.user.id);
  if (current === undefined || !spendActionKey(visit, key)) return sendErrorPage(visit, stale);
  // Whoever holds the key reads the mails of this address: every one of these mails proves it.
  const requiredActions = current.requiredActions.filter((it) => it !== 'VERIFY_EMAIL');
  const user = state.users.put({ ...current, emailVerified: true, requiredActions });
  if (key.purpose === 'verify-email') return await verified(visit, key, open);
  const wanted = key.purpose === 'reset-credentials' ? ['UPDATE_PASSWORD'] : key.actions;
  const actions = wanted.filter((it) => it !== 'VERIFY_EMAIL');
  if (open !== undefined) {
    const authTime = state.now();
    return await advanceAs(visit, open, user, { authTime, actions: [...open.ticket.actions, ...actions] });
  }
  const client = accountClient(visit);
  if (client === undefined) return sendErrorPage(visit, stale);
  const { redirectUri } = key;
  const goal = { kind: 'actions', ...(redirectUri === undefined ? {} : { redirectUri }) } as const;
  const fresh = openTicket(visit, client, { goal, actions });
  return await advance(visit, renewTicket(visit, fresh, { userId: user.id }));
}

async function verified(visit: Visit, key: ActionKey, open: OpenTicket | undefined): Promise<FastifyReply> {
  const { user } = key;
  report(visit, { type: 'VERIFY_EMAIL', userId: user.id, details: { email: user.email ?? '' } });
  if (open?.ticket.userId !== undefined) {
    const actions = open.ticket.actions.filter((it) => it !== 'VERIFY_EMAIL');
    return await advance(visit, changeTicket(visit, open, { actions }));
  }
  const text = 'Your email address has been verified.';
  const page = infoPage(visit.realm, 'Email verification', text, wayBack(key.redirectUri));
  return sendPage(visit.reply, visit.realm, page);
}
