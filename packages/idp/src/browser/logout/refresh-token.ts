import type { FastifyReply } from 'fastify';
import { sendOAuthError } from '../../http/answers.ts';
import { formOf } from '../../http/form.ts';
import { removeClientSession } from '../../model/index.ts';
import { authenticateClient } from '../../protocol/client-authentication.ts';
import { clientError } from '../../protocol/token-endpoint.ts';
import { checkRefreshToken } from '../../tokens/check.ts';
import type { Visit } from '../visit.ts';
import { endSession } from './end-session.ts';

/** Keycloak's logout without a browser: the client shows its refresh token. A session that is gone already is no error. */
export async function logoutByRefreshToken(visit: Visit): Promise<FastifyReply> {
  const { context, realm, request, reply } = visit;
  const authenticated = await authenticateClient(context, realm, request);
  if (!authenticated.ok) return sendOAuthError(reply, 401, ...clientError(authenticated.refusal));
  const { client } = authenticated.value;
  const token = formOf(request).get('refresh_token') ?? '';
  const checked = await checkRefreshToken(context, realm, visit.base, token);
  const done = (): FastifyReply => reply.code(204).header('cache-control', 'no-cache').send();
  if (!checked.ok) {
    const { why } = checked.refusal;
    const gone =
      why === 'session-not-found' || why === 'client-session-not-found' || why === 'offline-session-not-found';
    if (gone || why === 'expired') return done();
    return sendOAuthError(reply, 400, 'invalid_grant', 'Invalid refresh token');
  }
  const live = checked.value;
  if (live.client.id !== client.id) {
    const description = "Invalid refresh token. Token client and authorized client don't match";
    return sendOAuthError(reply, 400, 'invalid_grant', description);
  }
  if (live.session !== undefined) {
    if (live.kind === 'of') removeClientSession(context.state, live.session, client.id, true);
    else endSession(visit, live.session);
  }
  return done();
}
