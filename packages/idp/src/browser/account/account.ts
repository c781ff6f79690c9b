import type { FastifyReply } from 'fastify';
import { formOf } from '../../http/form.ts';
import { removeClientSession } from '../../model/index.ts';
import { sendPage, sendRedirect } from '../http/send-page.ts';
import { accountClient } from '../login/begin.ts';
import { dropIdentity, findIdentity, type Identity } from '../login/identity.ts';
import { showLogin } from '../login/show-login.ts';
import { openTicket } from '../login/ticket.ts';
import { endSession } from '../logout/end-session.ts';
import { accountView } from '../pages/account-page.ts';
import { seal, unseal } from '../seal.ts';
import { report, sendErrorPage, type Visit } from '../visit.ts';

/** Seconds that the forms of one account page work. */
const formLifetime = 1800;

/** `GET account/`: who am I, where am I signed in, which applications may act in my absence. */
export async function accountPage(visit: Visit): Promise<FastifyReply> {
  const { context, realm, reply } = visit;
  const { state } = context;
  const identity = await findIdentity(visit);
  if (identity === undefined) {
    const client = accountClient(visit);
    if (client === undefined) return sendErrorPage(visit, 'Client not found.', 404);
    return showLogin(visit, openTicket(visit, client, { goal: { kind: 'account' } }));
  }
  const { session, user } = identity;
  const token = await seal(context, realm, 'account-form', formLifetime, { sid: session.id });
  const nameOfClient = (uuid: string): string => state.clients.inRealm(realm.id, uuid)?.clientId ?? uuid;
  const page = accountView(realm, {
    user,
    token,
    action: `${visit.base}/account/`,
    sessions: state.sessions.by(realm.id, 'user', user.id).map((it) => ({
      id: it.id,
      current: it.id === session.id,
      address: it.ipAddress,
      started: it.started,
      clients: Object.keys(it.clients).map(nameOfClient),
    })),
    grants: state.offlineSessions.by(realm.id, 'user', user.id).flatMap((it) =>
      Object.entries(it.clients).map(([uuid, part]) => ({
        id: `${it.id} ${uuid}`,
        client: nameOfClient(uuid),
        started: part.started,
      })),
    ),
  });
  return sendPage(reply, realm, page);
}

/** `POST account/`: ends one session or one offline grant, of one's own only. */
export async function postAccount(visit: Visit): Promise<FastifyReply> {
  const { context, realm } = visit;
  const form = formOf(visit.request);
  const identity = await findIdentity(visit);
  const sealed = await unseal(context, realm, 'account-form', form.get('token') ?? '');
  // The token is sealed for this very session: a form of another site or of another login does nothing.
  if (identity === undefined || sealed?.['sid'] !== identity.session.id) {
    return sendErrorPage(visit, 'This page has expired. Open your account again.');
  }
  const here = endOne(visit, identity, form);
  if (here) dropIdentity(visit);
  return sendRedirect(visit.reply, `${visit.base}/account/`);
}

// True if what ended is the session of this browser.
function endOne(visit: Visit, { session, user }: Identity, form: URLSearchParams): boolean {
  const { state } = visit.context;
  const wanted = state.sessions.inRealm(visit.realm.id, form.get('end-session') ?? '');
  if (wanted?.userId === user.id) {
    endSession(visit, wanted);
    return wanted.id === session.id;
  }
  const [sid = '', clientUuid = ''] = (form.get('end-grant') ?? '').split(' ');
  const offline = state.offlineSessions.inRealm(visit.realm.id, sid);
  if (offline?.userId === user.id && offline.clients[clientUuid] !== undefined) {
    removeClientSession(state, offline, clientUuid, true);
    report(visit, { type: 'REVOKE_GRANT', userId: user.id, sessionId: sid });
  }
  return false;
}
