import { timingSafeEqual } from 'node:crypto';
import { type Random, grantTypes } from '@keyturn/protocol';
import type { Verifier } from '@keyturn/verify';
import type { FastifyReply } from 'fastify';
import type { Frame } from '../../http/frame.ts';
import { askTokenEndpoint, type TokenAnswer, type TokenEndpoint } from '../../http/token-endpoint.ts';
import type { Log } from '../../outside/log.ts';
import { buildAuthorizationUrl, checkIdToken, readCallback } from './code-flow.ts';
import type { LoginFlows } from './flows.ts';
import { buildPage } from './page.ts';

export interface LoginParts {
  readonly flows: LoginFlows;
  readonly client: TokenEndpoint;
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  /** Without a trailing slash. */
  readonly publicUrl: string;
  /** For access tokens of this client: they are meant for Keyturn too, else they would carry nothing. */
  readonly accessTokens: Verifier;
  readonly random: Random;
  readonly log: Log;
  /** What each purpose does with a login that has succeeded. */
  readonly purposes: Readonly<Record<string, (login: FinishedLogin) => Promise<{ title: string; text: string }>>>;
}

export interface FinishedLogin {
  readonly issuer: string;
  readonly subject: string;
  readonly tokens: TokenAnswer;
}

const cookieName = 'keyturn_login';

/**
 * The code flow: /login/start sends a browser to the identity provider, /login/callback takes it back. A state belongs to
 * the browser that began (a cookie), works once, and the user who logs in must be the one for whom it was begun: so
 * nobody can be led to give a grant for somebody else's account.
 */
export function mountLogin(frame: Frame, parts: LoginParts): void {
  const { flows, issuer, publicUrl, log } = parts;
  const redirectUri = `${publicUrl}/login/callback`;
  const secure = publicUrl.startsWith('https:') ? '; Secure' : '';
  const fresh = (): string => Buffer.from(parts.random(32)).toString('base64url');
  const show = (reply: FastifyReply, status: number, title: string, text: string): FastifyReply =>
    reply
      .code(status)
      .headers({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      })
      .send(buildPage(title, text));
  const again = 'Ask for a new link: this one has been used, or is older than ten minutes.';

  const pruning = setInterval(() => {
    flows.prune().catch((error: unknown) => log.warn({ error: String(error) }, 'old logins could not be forgotten'));
  }, 600_000).unref();
  frame.app.addHook('onClose', async () => clearInterval(pruning));

  frame.app.get<{ Querystring: Record<string, unknown> }>('/login/start', async (request, reply) => {
    const { ticket } = request.query;
    const intent = typeof ticket === 'string' ? await flows.redeem(ticket) : undefined;
    if (intent === undefined) return show(reply, 400, 'This link no longer works', again);
    const flow = { state: fresh(), nonce: fresh(), verifier: fresh() };
    const binding = fresh();
    await flows.begin(flow.state, { ...intent, nonce: flow.nonce, verifier: flow.verifier, binding });
    const { clientId } = parts.client;
    const at = { authorizationEndpoint: parts.authorizationEndpoint, clientId, redirectUri };
    return reply
      .header('set-cookie', `${cookieName}=${binding}; Path=/login; HttpOnly; SameSite=Lax; Max-Age=600${secure}`)
      .header('cache-control', 'no-store')
      .redirect(buildAuthorizationUrl(at, flow, intent.scopes), 302);
  });

  frame.app.get<{ Querystring: Record<string, unknown> }>('/login/callback', async (request, reply) => {
    const came = readCallback(request.query, issuer);
    if (!came.ok) {
      log.info({ request_id: request.id, refusal: came.refusal }, 'a login came back refused');
      const { refusal } = came;
      const title = refusal.why === 'denied' ? 'The identity provider said no' : 'This is not an answer to a login';
      return show(reply, 400, title, refusal.why === 'denied' ? refusal.error : again);
    }
    const begun = await flows.finish(came.value.state);
    if (begun === undefined) return show(reply, 400, 'This login no longer counts', again);
    if (!isSame(readCookie(request.headers.cookie), begun.binding)) {
      return show(reply, 400, 'This login was begun in another browser', again);
    }
    const answer = await askTokenEndpoint(parts.client, [
      ['grant_type', grantTypes.authorizationCode],
      ['code', came.value.code],
      ['redirect_uri', redirectUri],
      ['code_verifier', begun.verifier],
    ]);
    if (!answer.ok) {
      log.warn({ request_id: request.id, refusal: answer.refusal }, 'a code could not be redeemed');
      return show(reply, 502, 'The login could not be finished', 'The identity provider did not redeem the code.');
    }
    const identity = await parts.accessTokens.verify(answer.value.token);
    // The ID token comes straight from the token endpoint, which stands for its signature (OpenID Connect Core §3.1.3.7).
    const fault = checkIdToken(answer.value.idToken, { issuer, clientId: parts.client.clientId, nonce: begun.nonce });
    if (!identity.ok || fault !== undefined) {
      const refusal = identity.ok ? { why: 'id-token', fault } : identity.refusal;
      log.warn({ request_id: request.id, refusal }, 'the tokens of a login were refused');
      return show(
        reply,
        502,
        'The login could not be finished',
        'The identity provider’s answer is not to be trusted.',
      );
    }
    if (identity.value.subject !== begun.subject) {
      return show(reply, 403, 'You are logged in as somebody else', 'Log out there, and log in as the user who asked.');
    }
    const purpose = parts.purposes[begun.purpose];
    if (purpose === undefined) return show(reply, 400, 'This login no longer counts', again);
    const done = await purpose({ issuer, subject: begun.subject, tokens: answer.value });
    void reply.header('set-cookie', `${cookieName}=; Path=/login; HttpOnly; SameSite=Lax; Max-Age=0${secure}`);
    return show(reply, 200, done.title, done.text);
  });
}

function readCookie(header: string | undefined): string {
  for (const pair of (header ?? '').split(';')) {
    const [name, value = ''] = pair.trim().split('=');
    if (name === cookieName) return value;
  }
  return '';
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
