import type { FastifyReply } from 'fastify';
import { formOf, queryOf } from '../../http/form.ts';
import { sendPage } from '../http/send-page.ts';
import { advance } from '../login/advance.ts';
import { findIdentity } from '../login/identity.ts';
import { showLogin } from '../login/show-login.ts';
import { openTicket } from '../login/ticket.ts';
import { devicePage } from '../pages/device-page.ts';
import { infoPage } from '../pages/message-pages.ts';
import { report, type Visit } from '../visit.ts';
import { findDeviceRequest, normalUserCode } from './device-codes.ts';

/** `GET device`: asks for the code, or takes it from `verification_uri_complete`. */
export async function showDevice(visit: Visit): Promise<FastifyReply> {
  const code = queryOf(visit.request).get('user_code');
  return code === null ? show(visit) : await enter(visit, code);
}

/** `POST device`: the code that a person typed. */
export async function postDevice(visit: Visit): Promise<FastifyReply> {
  return await enter(visit, formOf(visit.request).get('device_user_code') ?? '');
}

/** `GET device/status`: where a finished device login ends. */
export function deviceStatus(visit: Visit): FastifyReply {
  const denied = queryOf(visit.request).has('error');
  const page = denied
    ? infoPage(visit.realm, 'Device Login Failed', 'Consent denied for connecting the device.')
    : infoPage(visit.realm, 'Device Login Successful', 'You may close this browser window and go back to your device.');
  return sendPage(visit.reply, visit.realm, page);
}

async function enter(visit: Visit, text: string): Promise<FastifyReply> {
  const { context, realm } = visit;
  const userCode = normalUserCode(text);
  const asked = findDeviceRequest(context.state, realm, userCode);
  const client = asked === undefined ? undefined : context.state.clients.inRealm(realm.id, asked.clientUuid);
  if (asked?.decision !== 'pending' || client?.enabled !== true) {
    report(visit, { type: 'OAUTH2_DEVICE_VERIFY_USER_CODE_ERROR', error: 'invalid_oauth2_user_code' });
    return show(visit, 'Invalid code, please try again.');
  }
  report(visit, { type: 'OAUTH2_DEVICE_VERIFY_USER_CODE', clientId: client.clientId });
  const goal = { kind: 'device', userCode, scope: asked.scope } as const;
  const identity = await findIdentity(visit);
  if (identity === undefined) return showLogin(visit, openTicket(visit, client, { goal }));
  const known = { userId: identity.user.id, sessionId: identity.session.id };
  return await advance(visit, openTicket(visit, client, { goal, ...known }));
}

function show(visit: Visit, error?: string): FastifyReply {
  return sendPage(visit.reply, visit.realm, devicePage(visit.realm, `${visit.base}/device`, error));
}
