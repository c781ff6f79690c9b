import type { FastifyReply } from 'fastify';
import { queryOf } from '../../http/form.ts';
import { type Client, findClient } from '../../model/index.ts';
import { readAuthorizationRequest } from '../authorize/request.ts';
import { cookieOf, dropCookie, setCookie } from '../http/cookies.ts';
import { seal, unseal } from '../seal.ts';
import { textOf } from '../text-of.ts';
import { sendErrorPage, type Visit } from '../visit.ts';
import { findIdentity } from './identity.ts';
import { showLogin } from './show-login.ts';
import { type Goal, type OpenTicket, openTicket, type Ticket } from './ticket.ts';

const cookieNotFound =
  'Restart login cookie not found. It may have expired; it may have been deleted or cookies are disabled in your browser. If cookies are disabled then enable them. Click Back to Application to login again.';

/**
 * Opens a login and remembers in `KC_RESTART` how it began, so that one that expired in an open tab can begin again.
 * `parameters`: those of the authorization request; they are checked anew when they come back.
 */
export async function beginLogin(
  visit: Visit,
  client: Client,
  given: Partial<Ticket> & { readonly goal: Goal },
  parameters?: URLSearchParams,
): Promise<OpenTicket> {
  const open = openTicket(visit, client, given);
  const { context, realm, reply, cookies } = visit;
  if (given.goal.kind !== 'code' || parameters === undefined) return open;
  const body = { parameters: parameters.toString() };
  const sealed = await seal(context, realm, 'restart-cookie', realm.accessCodeLifespanLogin * 2, body);
  // Browsers drop cookies over 4096 bytes; such a login cannot restart.
  if (sealed.length < 3800) setCookie(reply, cookies, 'KC_RESTART', sealed);
  return open;
}

/**
 * Answers a request whose login is gone: begins it again if this browser's own cookie says how, and never looks at what
 * was posted. Without the cookie the form came from another browser or site.
 */
export async function restartLogin(visit: Visit, text?: string): Promise<FastifyReply> {
  const { context, realm, request } = visit;
  const cookie = cookieOf(request, 'KC_RESTART');
  const sealed = cookie === undefined ? undefined : await unseal(context, realm, 'restart-cookie', cookie);
  if (sealed !== undefined) {
    const parameters = new URLSearchParams(textOf(sealed['parameters']));
    const read = readAuthorizationRequest(context.state, realm, parameters, { baseUrl: visit.frontend, pushed: true });
    if (read.ok) {
      const goal: Goal = { kind: 'code', request: read.value.request };
      const open = await beginLogin(visit, read.value.client, { goal }, parameters);
      const notice = text ?? 'Your login attempt timed out. Login will start from the beginning.';
      return showLogin(visit, open, { notice: { kind: 'error', text: notice } });
    }
    dropCookie(visit.reply, visit.cookies, 'KC_RESTART');
  }
  if ((await findIdentity(visit)) !== undefined) return sendErrorPage(visit, 'You are already logged in.');
  return sendErrorPage(visit, cookieNotFound);
}

/** The client in whose name pages of the realm itself act. */
export function accountClient(visit: Visit): Client | undefined {
  return findClient(visit.context.state, visit.realm.id, 'account');
}

/** The tab that an address names. */
export function tabOf(visit: Visit): string | null {
  return queryOf(visit.request).get('tab_id');
}
