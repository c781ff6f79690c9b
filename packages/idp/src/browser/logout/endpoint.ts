import type { JsonObject } from '@keyturn/protocol';
import type { FastifyReply } from 'fastify';
import { formOf, queryOf } from '../../http/form.ts';
import { type Client, findClient, findSession, putSingleUse, takeSingleUse } from '../../model/index.ts';
import { isPostLogoutUriOf } from '../authorize/redirect-uris.ts';
import { sendPage, sendRedirect } from '../http/send-page.ts';
import { type IdTokenHint, readIdTokenHint } from '../id-token-hint.ts';
import { bindBrowser, browserRoot, knownRoot, randomText } from '../login/browser-root.ts';
import { dropIdentity, findIdentity } from '../login/identity.ts';
import { logoutPage } from '../pages/logout-page.ts';
import { infoPage } from '../pages/message-pages.ts';
import { sendErrorPage, type Visit } from '../visit.ts';
import { endSession } from './end-session.ts';
import { framePolicy, frontchannelPage, frontchannelUrls } from './frontchannel.ts';
import { logoutByRefreshToken } from './refresh-token.ts';

const purpose = 'logout';
/** Seconds that the confirmation page waits for its button. */
const confirmationLifetime = 300;

/** The end-session endpoint (OpenID Connect RP-Initiated Logout 1.0), by GET or POST, and Keycloak's logout by refresh token. */
export async function endSessionEndpoint(visit: Visit): Promise<FastifyReply> {
  const { request } = visit;
  const form = formOf(request);
  if (request.method === 'POST' && form.has('refresh_token')) return await logoutByRefreshToken(visit);
  const parameters = request.method === 'POST' ? form : queryOf(request);
  const { context, realm } = visit;
  const token = parameters.get('id_token_hint');
  const hint = token === null ? undefined : await readIdTokenHint(context, realm, visit.base, token);
  if (token !== null && hint === undefined) return refuse(visit, 'Invalid parameter: id_token_hint');
  const named = parameters.get('client_id');
  const client = named === null ? hint?.client : findClient(context.state, realm.id, named);
  if (named !== null && client === undefined) return refuse(visit, 'Invalid parameter: client_id');
  if (hint !== undefined && hint.client.id !== client?.id) return refuse(visit, 'Invalid parameter: id_token_hint');

  const address = parameters.get('post_logout_redirect_uri');
  if (address !== null && client === undefined) return refuse(visit, 'Missing parameters: id_token_hint');
  if (address !== null && client !== undefined && !isPostLogoutUriOf(client, address, visit.frontend)) {
    return refuse(visit, 'Invalid redirect uri');
  }
  const back = address === null ? undefined : withState(address, parameters.get('state'));
  if (hint === undefined || hint.client.consentRequired) return askFirst(visit, client, hint, back);
  return await finish(visit, hint.sessionId, back);
}

/** `POST logout/logout-confirm`: the button of the confirmation page. */
export async function confirmLogout(visit: Visit): Promise<FastifyReply> {
  const { context, realm, request } = visit;
  const rootId = knownRoot(visit) ?? '';
  const id = `${rootId}.${queryOf(request).get('tab_id') ?? ''}.${formOf(request).get('session_code') ?? ''}`;
  // Bound to the browser that saw the page, so that no other page can press the button for it.
  const pending = takeSingleUse(context.state, realm.id, purpose, id);
  if (pending === undefined) return refuse(visit, 'Logout failed');
  const { back, sessionId } = pending.body;
  return await finish(
    visit,
    typeof sessionId === 'string' ? sessionId : undefined,
    typeof back === 'string' ? back : undefined,
  );
}

function askFirst(
  visit: Visit,
  client: Client | undefined,
  hint: IdTokenHint | undefined,
  back: string | undefined,
): FastifyReply {
  const { context, realm, reply } = visit;
  const rootId = browserRoot(visit);
  const tabId = randomText(visit, 8);
  const sessionCode = randomText(visit, 32);
  const body: JsonObject = {
    ...(back === undefined ? {} : { back }),
    ...(hint?.sessionId === undefined ? {} : { sessionId: hint.sessionId }),
  };
  const id = `${rootId}.${tabId}.${sessionCode}`;
  putSingleUse(context.state, { id, realmId: realm.id, purpose, lifetime: confirmationLifetime, body });
  bindBrowser(visit, rootId);
  const query = new URLSearchParams({ client_id: client?.clientId ?? 'account', tab_id: tabId });
  const action = `${new URL(visit.base).pathname}/protocol/openid-connect/logout/logout-confirm?${query.toString()}`;
  return sendPage(reply, realm, logoutPage(action, sessionCode));
}

// Ends the session that the hint names, else the one of this browser; never another that happens to be in the cookie.
async function finish(visit: Visit, sessionId: string | undefined, back: string | undefined): Promise<FastifyReply> {
  const { context, realm, reply } = visit;
  const own = await findIdentity(visit);
  const named = sessionId === undefined ? own?.session : findSession(context.state, realm.id, sessionId);
  const ended = named === undefined ? undefined : endSession(visit, named);
  if (own === undefined || own.session.id === named?.id) dropIdentity(visit);
  const urls = ended === undefined ? [] : frontchannelUrls(visit, ended);
  if (urls.length > 0) return sendPage(reply, realm, frontchannelPage(urls, back), 200, framePolicy(urls));
  return back === undefined
    ? sendPage(reply, realm, infoPage(realm, 'Logging out', 'You are logged out'))
    : sendRedirect(reply, back);
}

function withState(address: string, state: string | null): string {
  if (state === null || state === '') return address;
  return `${address}${address.includes('?') ? '&' : '?'}${new URLSearchParams({ state }).toString()}`;
}

function refuse(visit: Visit, message: string): FastifyReply {
  return sendErrorPage(visit, message);
}
