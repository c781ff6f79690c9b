import type { FastifyReply } from 'fastify';
import { formOf } from '../../http/form.ts';
import type { User } from '../../model/index.ts';
import { sendPage } from '../http/send-page.ts';
import { consentPage } from '../pages/consent-page.ts';
import { consentTextOf } from '../pages/consent-texts.ts';
import { report, type Visit } from '../visit.ts';
import { advance, userOf } from './advance.ts';
import { restartLogin, tabOf } from './begin.ts';
import { recordConsent, scopesForConsent } from './consent.ts';
import { denyLogin } from './deny.ts';
import { formAction } from './links.ts';
import { changeTicket, findTicket, isSessionCode, type OpenTicket } from './ticket.ts';

/** Shows what the client asks for. */
export function showConsent(visit: Visit, open: OpenTicket, user: User): FastifyReply {
  const { goal, sessionCode } = open.ticket;
  const scopes = scopesForConsent(visit.context.state, open.client, user, scopeOf(open));
  const name = open.client.name ?? '';
  const page = consentPage(visit.realm, {
    action: formAction(visit, open, 'consent', 'OAUTH_GRANT'),
    code: sessionCode,
    client: name === '' || name.startsWith('${') ? open.client.clientId : name,
    scopes: scopes.map((it) => consentTextOf(it) ?? it.name),
    ...(goal.kind === 'device' ? { userCode: goal.userCode } : {}),
  });
  return sendPage(visit.reply, visit.realm, page);
}

/** `POST login-actions/consent`: yes or no. */
export async function postConsent(visit: Visit): Promise<FastifyReply> {
  const open = findTicket(visit, tabOf(visit));
  const user = open === undefined ? undefined : userOf(visit, open);
  const form = formOf(visit.request);
  if (open === undefined || user === undefined || !isSessionCode(open, form.get('code')))
    return await restartLogin(visit);
  const about = { clientId: open.client.clientId, userId: user.id };
  // Only a plain yes is a yes.
  if (form.has('cancel') || !form.has('accept')) {
    report(visit, { type: 'LOGIN_ERROR', ...about, error: 'rejected_by_user' });
    return denyLogin(visit, open, 'access_denied');
  }
  const scopes = scopesForConsent(visit.context.state, open.client, user, scopeOf(open));
  if (open.client.consentRequired) recordConsent(visit.context.state, open.client, user, scopes);
  report(visit, { type: 'GRANT_CONSENT', ...about, details: { scope: scopes.map((it) => it.name).join(' ') } });
  return await advance(visit, changeTicket(visit, open, { consented: true }));
}

function scopeOf(open: OpenTicket): string {
  const { goal } = open.ticket;
  return goal.kind === 'code' ? goal.request.scope : goal.kind === 'device' ? goal.scope : '';
}
