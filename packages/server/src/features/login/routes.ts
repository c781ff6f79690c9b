import { hash, timingSafeEqual } from 'node:crypto';
import type { Principal, Random, Result } from '@keyturn/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Frame } from '../../http/frame.ts';
import type { Log } from '../../outside/log.ts';
import type { LoginClient, LoginClientRefusal, LoginTokens } from './client.ts';
import type { Cookies } from './cookies.ts';
import type { BegunLogin, LoginFlows, LoginIntent, StepUp } from './flows.ts';
import { buildPage, type Html, html, pageHeaders } from '../../http/html.ts';
import { safeReturnTo } from './return-to.ts';

export interface LoginParts {
  readonly flows: LoginFlows;
  readonly client: LoginClient;
  readonly cookies: Cookies;
  readonly issuer: string;
  /** Without a trailing slash. */
  readonly publicUrl: string;
  /** Asked for at a login that leads to a session. */
  readonly scopes: readonly string[];
  /** Whether the access token of a login is genuine and meant for Keyturn, else it would carry nothing. */
  readonly verify: (accessToken: string, purpose: string) => Promise<Result<Principal, { readonly why: string }>>;
  /** Makes the session, and gives the cookie that holds it. */
  readonly logIn: (login: FinishedLogin, request: FastifyRequest) => Promise<{ readonly cookie: string }>;
  readonly random: Random;
  readonly log: Log;
  readonly count: (outcome: 'ok' | 'denied' | 'refused' | 'unreachable') => void;
  /** What each purpose but `session` does with a login that has succeeded. */
  readonly purposes: Readonly<Record<string, (login: FinishedLogin) => Promise<{ title: string; text: string }>>>;
}

export interface FinishedLogin {
  readonly issuer: string;
  readonly subject: string;
  readonly tokens: LoginTokens;
  readonly principal: Principal;
}

/**
 * The code flow: /login and /login/start send a browser to the identity provider, /login/callback takes it back. A state
 * belongs to the browser that began (a cookie), works once, and where it was begun for somebody, that user must log in:
 * so nobody can be led to give a grant for somebody else's account.
 */
export function mountLogin(frame: Frame, parts: LoginParts): void {
  const { flows, client, cookies, publicUrl, log } = parts;
  const redirectUri = `${publicUrl}/login/callback`;
  const fresh = (): string => Buffer.from(parts.random(32)).toString('base64url');
  const show = (reply: FastifyReply, status: number, title: string, content: string | Html): FastifyReply =>
    reply.code(status).headers(pageHeaders([])).send(buildPage(title, content));
  const again = html`<p>Links to log in work once, in the browser that began, for ten minutes.</p><p><a class="button" href="/login">Log in</a></p>`;

  const begin = async (request: FastifyRequest, reply: FastifyReply, intent: LoginIntent): Promise<FastifyReply> => {
    const flow = { state: fresh(), nonce: fresh(), verifier: fresh() };
    const address = await client.authorizationUrl({
      redirect_uri: redirectUri,
      scope: [...new Set(['openid', ...intent.scopes])].join(' '),
      state: flow.state,
      nonce: flow.nonce,
      code_challenge: hash('sha256', flow.verifier, 'base64url'),
      code_challenge_method: 'S256',
      ...(intent.stepUp?.acrValues === undefined ? {} : { acr_values: intent.stepUp.acrValues }),
      ...(intent.stepUp?.maxAge === undefined ? {} : { max_age: intent.stepUp.maxAge }),
    });
    if (!address.ok) {
      log.warn({ request_id: request.id, refusal: address.refusal }, 'a login could not be begun');
      parts.count('unreachable');
      return show(reply, 503, 'The identity provider does not answer', 'Try again in a moment.');
    }
    // Kept if there is one, so that logins in several tabs do not undo each other: only this host can have set it.
    const kept = cookies.readOne(request.headers.cookie, 'login');
    const isOurs = cookies.name('login').startsWith('__Host-') && /^[A-Za-z0-9_-]{43}$/.test(kept ?? '');
    const binding = isOurs && kept !== undefined ? kept : fresh();
    await flows.begin(flow.state, { ...intent, nonce: flow.nonce, verifier: flow.verifier, binding });
    return reply
      .header('set-cookie', cookies.set('login', binding, 600))
      .header('cache-control', 'no-store')
      .redirect(address.value, 302);
  };

  frame.app.get<{ Querystring: Record<string, unknown> }>('/login', async (request, reply) => {
    // The cookie must lie where the identity provider sends the browser back to.
    const here = new URL(publicUrl).host;
    const returnTo = safeReturnTo(request.query['returnTo'], publicUrl);
    if (request.host !== here && isSameMachine(request.hostname, publicUrl)) {
      const { searchParams } = new URL(request.url, publicUrl);
      searchParams.set('returnTo', returnTo);
      return reply.redirect(`${publicUrl}/login?${searchParams.toString()}`, 302);
    }
    const stepUp = readStepUp(request.query);
    return begin(request, reply, { purpose: 'session', scopes: parts.scopes, returnTo, stepUp });
  });

  frame.app.get<{ Querystring: Record<string, unknown> }>('/login/start', async (request, reply) => {
    const { ticket } = request.query;
    const intent = typeof ticket === 'string' ? await flows.redeem(ticket) : undefined;
    if (intent === undefined) {
      return show(
        reply,
        400,
        'This link no longer works',
        'Ask for a new link: this one has been used, or is older than ten minutes.',
      );
    }
    return begin(request, reply, intent);
  });

  frame.app.get<{ Querystring: Record<string, unknown> }>('/login/callback', async (request, reply) => {
    const { state } = request.query;
    const begun = typeof state === 'string' ? await flows.finish(state) : undefined;
    if (typeof state !== 'string' || begun === undefined) {
      return show(reply, 400, 'This login no longer counts', again);
    }
    const binding = cookies.readOne(request.headers.cookie, 'login');
    if (binding === undefined || !isSame(binding, begun.binding)) {
      parts.count('refused');
      return show(reply, 400, 'This login was begun in another browser', again);
    }
    const { search } = new URL(request.url, publicUrl);
    const checks = { state, nonce: begun.nonce, verifier: begun.verifier };
    const redeemed = await client.redeem(new URL(`${redirectUri}${search}`), checks);
    if (!redeemed.ok) return refused(request, reply, redeemed.refusal);
    return finish(request, reply, begun, redeemed.value);
  });

  const refused = (request: FastifyRequest, reply: FastifyReply, refusal: LoginClientRefusal): FastifyReply => {
    log.warn({ request_id: request.id, refusal }, 'a login came back refused');
    switch (refusal.why) {
      case 'denied':
        parts.count('denied');
        return show(
          reply,
          400,
          'The identity provider said no',
          html`<p>${refusal.error}</p><p><a class="button" href="/login">Log in</a></p>`,
        );
      case 'unreachable':
        parts.count('unreachable');
        return show(reply, 502, 'The login could not be finished', 'The identity provider did not redeem the code.');
      case 'untrusted':
        parts.count('refused');
        return show(reply, 400, 'The login could not be finished', 'The answer is not one to be trusted.');
    }
  };

  const finish = async (
    request: FastifyRequest,
    reply: FastifyReply,
    begun: BegunLogin,
    tokens: LoginTokens,
  ): Promise<FastifyReply> => {
    const principal = await parts.verify(tokens.token, begun.purpose);
    const subject = tokens.claims['sub'];
    if (!principal.ok || typeof subject !== 'string' || principal.value.subject !== subject) {
      const refusal = principal.ok ? { why: 'another-subject' } : principal.refusal;
      log.warn({ request_id: request.id, refusal }, 'the access token of a login was refused: is Keyturn in its aud?');
      parts.count('refused');
      if (refusal.why === 'too-large') {
        return show(
          reply,
          502,
          'The login could not be finished',
          'The identity provider’s access token is too long, as with thousands of groups in it. Have the mapper put them into the ID token and userinfo alone.',
        );
      }
      return show(
        reply,
        502,
        'The login could not be finished',
        'The identity provider’s access token is not meant for Keyturn. Its client needs an audience mapper: “keyturn doctor” looks further.',
      );
    }
    if (begun.subject !== undefined && subject !== begun.subject) {
      return show(reply, 403, 'You are logged in as somebody else', 'Log out there, and log in as the user who asked.');
    }
    const login: FinishedLogin = { issuer: parts.issuer, subject, tokens, principal: principal.value };
    if (begun.purpose === 'session') {
      const { cookie } = await parts.logIn(login, request);
      parts.count('ok');
      return reply
        .header('set-cookie', [cookie, cookies.clear('login')])
        .header('cache-control', 'no-store')
        .redirect(`${publicUrl}${safeReturnTo(begun.returnTo, publicUrl)}`, 303);
    }
    const purpose = Object.hasOwn(parts.purposes, begun.purpose) ? parts.purposes[begun.purpose] : undefined;
    if (purpose === undefined) return show(reply, 400, 'This login no longer counts', again);
    const done = await purpose(login);
    void reply.header('set-cookie', cookies.clear('login'));
    return show(reply, 200, done.title, done.text);
  };
}

/** What a page of ours says that the login must be; anything else is left out. It only ever makes a login harder. */
function readStepUp({ acr_values: acr, max_age: maxAge }: Record<string, unknown>): StepUp {
  return {
    ...(typeof acr === 'string' && /^[\x21-\x7e]{1,200}$/.test(acr) ? { acrValues: acr } : {}),
    ...(typeof maxAge === 'string' && /^\d{1,9}$/.test(maxAge) ? { maxAge } : {}),
  };
}

/** Another name of this machine than the public one: localhost and 127.0.0.1. */
function isSameMachine(hostname: string, publicUrl: string): boolean {
  const names = ['localhost', '127.0.0.1', '[::1]'];
  return names.includes(hostname) && names.includes(new URL(publicUrl).hostname);
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
