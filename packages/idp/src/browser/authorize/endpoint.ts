import type { FastifyReply } from 'fastify';
import { formOf, queryOf } from '../../http/form.ts';
import { sendRedirect } from '../http/send-page.ts';
import { readIdTokenHint } from '../id-token-hint.ts';
import { advance } from '../login/advance.ts';
import { beginLogin } from '../login/begin.ts';
import { sendCode } from '../login/finish.ts';
import { findIdentity, type Identity } from '../login/identity.ts';
import { stepHref } from '../login/links.ts';
import { isStep, nextStep } from '../login/next-step.ts';
import { showLogin } from '../login/show-login.ts';
import type { Goal } from '../login/ticket.ts';
import { report, sendErrorPage, type Visit } from '../visit.ts';
import { takePushedRequest } from './pushed-request.ts';
import {
  type AuthorizationRequest,
  type AuthorizeRefusal,
  type CheckedRequest,
  readAuthorizationRequest,
} from './request.ts';
import { readRequestObject } from './request-object.ts';
import { sendAnswer } from './response-mode.ts';

/** The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2), by GET or POST. */
export async function authorize(visit: Visit): Promise<FastifyReply> {
  const { context, realm, request } = visit;
  const sent = request.method === 'POST' ? formOf(request) : queryOf(request);
  const pushed = takePushedRequest(context.state, realm, sent);
  if (pushed === 'unknown') return sendErrorPage(visit, 'Invalid Request');
  const object = await readRequestObject(context, realm, pushed ?? sent);
  if (object === 'unreadable') return sendErrorPage(visit, 'Invalid Request');
  const parameters = object ?? pushed ?? sent;
  const options = { baseUrl: visit.frontend, pushed: pushed !== undefined };
  const read = readAuthorizationRequest(context.state, realm, parameters, options);
  if (!read.ok) return sendRefusal(visit, read.refusal);
  return await answerRequest(visit, read.value, parameters);
}

/** `protocol/openid-connect/registrations`: the same request, for somebody who has no account yet. */
export async function authorizeRegistration(visit: Visit): Promise<FastifyReply> {
  const sent = queryOf(visit.request);
  const object = await readRequestObject(visit.context, visit.realm, sent);
  if (object === 'unreadable') return sendErrorPage(visit, 'Invalid Request');
  const parameters = object ?? sent;
  parameters.set('prompt', 'create');
  const options = { baseUrl: visit.frontend, pushed: false };
  const read = readAuthorizationRequest(visit.context.state, visit.realm, parameters, options);
  return read.ok ? await answerRequest(visit, read.value, parameters) : sendRefusal(visit, read.refusal);
}

async function answerRequest(
  visit: Visit,
  checked: CheckedRequest,
  parameters: URLSearchParams,
): Promise<FastifyReply> {
  const { client, request } = checked;
  const { prompts } = request;
  const goal: Goal = { kind: 'code', request };
  const identity = await findExpected(visit, parameters.get('id_token_hint'));
  const actions = request.action !== undefined && isStep(request.action) ? [request.action] : [];

  if (prompts.includes('create') && visit.realm.registrationAllowed) {
    const open = await beginLogin(visit, client, { goal }, parameters);
    return sendRedirect(visit.reply, stepHref(visit, open, 'registration'));
  }
  if (identity !== undefined && isFreshEnough(visit, request, identity)) {
    const step = nextStep(visit, client, { goal, actions, consented: false }, identity.user);
    if (step === undefined) return sendCode(visit, client, identity.user, identity.session, request, true);
    if (prompts.includes('none')) return sendError(visit, checked, 'interaction_required');
    const known = { userId: identity.user.id, sessionId: identity.session.id };
    return await advance(visit, await beginLogin(visit, client, { goal, actions, ...known }, parameters));
  }
  if (prompts.includes('none')) return sendError(visit, checked, 'login_required');
  const again = identity === undefined ? {} : { reauthenticating: identity.user.id, sessionId: identity.session.id };
  return showLogin(visit, await beginLogin(visit, client, { goal, actions, ...again }, parameters));
}

/** Seconds since the password was asked for within which a new one may be chosen without asking again, as in Keycloak. */
const passwordChangeAge = 300;

// A client that expects somebody else gets no code for whoever is signed in here (OpenID Connect Core §3.1.2.1).
async function findExpected(visit: Visit, token: string | null): Promise<Identity | undefined> {
  const identity = await findIdentity(visit);
  if (identity === undefined || token === null) return identity;
  const hint = await readIdTokenHint(visit.context, visit.realm, visit.base, token);
  return hint === undefined || hint.userId === identity.user.id ? identity : undefined;
}

// `prompt=login` and `max_age` ask for the password again even though the browser is signed in.
function isFreshEnough(visit: Visit, request: AuthorizationRequest, identity: Identity): boolean {
  if (request.prompts.includes('login') || request.maxAge === 0) return false;
  const age = visit.context.state.now() - (identity.session.authTime ?? identity.session.started);
  if (request.action === 'UPDATE_PASSWORD' && age > passwordChangeAge) return false;
  return request.maxAge === undefined || age <= request.maxAge;
}

function sendError(
  visit: Visit,
  { client, request }: CheckedRequest,
  error: 'login_required' | 'interaction_required',
): FastifyReply {
  return sendRefusal(visit, { why: 'answer', client, to: request, state: request.state, error });
}

function sendRefusal(visit: Visit, refusal: AuthorizeRefusal): FastifyReply {
  const client = refusal.client === undefined ? {} : { clientId: refusal.client.clientId };
  switch (refusal.why) {
    case 'page':
      report(visit, { type: 'LOGIN_ERROR', ...client, error: refusal.event });
      // The page tells a stranger nothing; whoever sets this client up finds the reason here.
      visit.context.log('info', `authorization request refused: ${refusal.event}`, {
        realm: visit.realm.realm,
        ...client,
        ...(refusal.client === undefined || refusal.redirectUri === undefined
          ? {}
          : { redirectUri: refusal.redirectUri, registered: refusal.client.redirectUris }),
      });
      return sendErrorPage(visit, refusal.message, refusal.status);
    case 'answer':
      report(visit, {
        type: 'LOGIN_ERROR',
        ...client,
        error: refusal.error,
        ...(refusal.description === undefined ? {} : { details: { reason: refusal.description } }),
      });
      return sendAnswer(visit.reply, refusal.to, [
        ['error', refusal.error],
        ['error_description', refusal.description],
        ['state', refusal.state],
        ['iss', refusal.client.attributes['exclude.issuer.from.auth.response'] === 'true' ? undefined : visit.base],
      ]);
  }
}
