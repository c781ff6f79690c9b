import type { User } from '../../model/index.ts';
import type { OpenTicket } from '../login/ticket.ts';
import { nameOf } from '../pages/layout.ts';
import type { Visit } from '../visit.ts';
import { makeActionKey } from './action-key.ts';
import { mayStandInMail } from './links-base.ts';

/**
 * Sends the mail that goes on with a login: to verify an address, or to choose a new password. Nothing is sent where
 * the link's host would be the caller's own choice; the log says what to configure.
 */
export async function sendActionMail(
  visit: Visit,
  open: OpenTicket,
  user: User,
  purpose: 'verify-email' | 'reset-credentials',
): Promise<void> {
  const { context, realm } = visit;
  if (user.email === undefined || user.email === '') return;
  if (!mayStandInMail(visit)) {
    context.log('warn', 'no mail sent: set KC_HOSTNAME, so that links do not follow the Host header of whoever asks', {
      realm: realm.realm,
    });
    return;
  }
  const lifetime = realm.actionTokenGeneratedByUserLifespan;
  const key = await makeActionKey(visit, lifetime, { purpose, user, client: open.client, tabId: open.tabId });
  const query = new URLSearchParams({ key, client_id: open.client.clientId, tab_id: open.tabId });
  const link = `${visit.base}/login-actions/action-token?${query.toString()}`;
  const name = nameOf(realm);
  const time = `This link will expire within ${inWords(lifetime)}.`;
  await context.mailer.send(
    realm,
    purpose === 'verify-email'
      ? {
          to: user.email,
          subject: 'Verify email',
          text: `Someone has created a ${name} account with this email address. If this was you, click the link below to verify your email address\n\n${link}\n\n${time}\n\nIf you didn't create this account, just ignore this message.\n`,
        }
      : {
          to: user.email,
          subject: 'Reset password',
          text: `Someone just requested to change your ${name} account's credentials. If this was you, click on the link below to reset them.\n\n${link}\n\n${time}\n\nIf you don't want to reset your credentials, just ignore this message and nothing will be changed.\n`,
        },
  );
}

function inWords(seconds: number): string {
  const [amount, unit] =
    seconds >= 86_400
      ? [seconds / 86_400, 'day']
      : seconds >= 3600
        ? [seconds / 3600, 'hour']
        : [seconds / 60, 'minute'];
  const whole = Math.max(1, Math.round(amount));
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`;
}
