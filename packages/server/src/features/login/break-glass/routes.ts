import type { Clock, Principal } from '@keyturn/protocol';
import { epochSeconds } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { FastifyReply } from 'fastify';
import type { BreakGlassSettings } from '../../../config/break-glass.ts';
import type { Frame } from '../../../http/frame.ts';
import type { Log } from '../../../outside/log.ts';
import type { Cookies } from '../cookies.ts';
import { checkOrigin } from '../csrf.ts';
import type { SessionKeeper } from '../keeper.ts';
import { buildPage, type Html, html, pageHeaders } from '../../../http/html.ts';
import { safeReturnTo } from '../return-to.ts';
import type { Session } from '../session.ts';
import { type Attempts, takeStep } from './attempts.ts';
import { stepOfCode } from './one-time-code.ts';
import { isPassword, nobodysHash } from './password.ts';

/** `issuer` of whoever came in by breaking the glass: no identity provider stands for them. */
export const breakGlassIssuer = 'urn:keyturn:break-glass';

export interface BreakGlassParts {
  readonly settings: BreakGlassSettings;
  readonly attempts: Attempts;
  readonly keeper: SessionKeeper;
  readonly cookies: Cookies;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly publicUrl: string;
  readonly count: (outcome: 'ok' | 'refused' | 'limited') => void;
}

type Verdict = 'ok' | 'password' | 'code' | 'replayed-code';

/**
 * GET and POST /login/break-glass: name, password and one-time code, for superusers only, and without the identity
 * provider. Whatever is wrong, the answer is the same and takes as long; every attempt is in the log, the metric and the
 * audit, and one that succeeds is loud.
 */
export function mountBreakGlass(frame: Frame, parts: BreakGlassParts): void {
  const { settings, attempts, keeper, cookies, store, clock, log, publicUrl } = parts;
  const show = (reply: FastifyReply, status: number, title: string, content: string | Html): FastifyReply =>
    reply.code(status).headers(pageHeaders([])).send(buildPage(title, content));

  const judge = async (username: string, password: string, code: string): Promise<Verdict> => {
    const account = settings.accounts.find((one) => one.username === username);
    const isRight = await isPassword(account?.passwordHash ?? nobodysHash, password);
    if (!isRight || account === undefined) return 'password';
    const step = stepOfCode(account.totpSecret, code, clock());
    if (step === undefined) return 'code';
    return (await takeStep(store, username, step)) ? 'ok' : 'replayed-code';
  };

  void frame.app.register((app, _options, done) => {
    app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, parsed) =>
      parsed(null, body),
    );
    app.get<{ Querystring: Record<string, unknown> }>('/login/break-glass', async (request, reply) =>
      show(reply, 200, 'Break glass', form(safeReturnTo(request.query['returnTo'], publicUrl))),
    );
    app.post('/login/break-glass', async (request, reply) => {
      const site = request.headers['sec-fetch-site'];
      const fault = checkOrigin({
        secFetchSite: typeof site === 'string' ? site : undefined,
        origin: request.headers.origin,
        ownOrigin: new URL(publicUrl).origin,
      });
      if (fault !== undefined) return show(reply, 403, 'This did not come from Keyturn’s own page', 'Open it again.');
      const sent = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
      const field = (name: string): string => (sent.get(name) ?? '').slice(0, 1024);
      const username = field('username');
      const isKnown = settings.accounts.some((one) => one.username === username);
      // The account as a whole has more, so that a stranger cannot lock it with a handful of guesses when it is needed.
      const account = `account:${isKnown ? username : 'unknown'}`;
      const counted = [
        { key: `${account} ${request.ip}`, limit: settings.attempts },
        { key: `address:${request.ip}`, limit: settings.attempts },
        { key: account, limit: settings.attempts * 20 },
      ];
      // What somebody else types in as a name is not for the log: it may be a password.
      const facts = { request_id: request.id, account: isKnown ? username : undefined, address: request.ip };
      const remember = (outcome: 'allowed' | 'refused', reason?: string): Promise<void> =>
        store.audit.record({
          kind: 'login.break-glass',
          actor: { identity: isKnown ? username : 'unknown', issuer: breakGlassIssuer },
          action: 'login',
          outcome,
          requestId: request.id,
          facts: { address: request.ip },
          ...(reason === undefined ? {} : { reason }),
        });
      if (!(await attempts.take(counted))) {
        parts.count('limited');
        log.warn(facts, 'BREAK GLASS: too many failed attempts, this one was not looked at');
        await remember('refused', 'rate-limited');
        void reply.header('retry-after', '900');
        return show(reply, 429, 'Too many attempts', 'Wait for fifteen minutes.');
      }
      const verdict = await judge(username, field('password'), field('code'));
      if (verdict !== 'ok') {
        parts.count('refused');
        log.warn({ ...facts, why: verdict }, 'BREAK GLASS: an attempt was refused');
        await remember('refused', verdict);
        return show(reply, 401, 'That was not right', form(safeReturnTo(sent.get('returnTo'), publicUrl)));
      }
      await attempts.forgive(counted.map(({ key }) => key));
      const former = cookies.readOne(request.headers.cookie, 'session');
      const { session, secret } = await keeper.begin({
        kind: 'break-glass',
        owner: { issuer: breakGlassIssuer, subject: username },
        userId: undefined,
        idpSession: undefined,
        tokens: undefined,
        lifetime: settings.sessionMax,
        userAgent: request.headers['user-agent'] ?? '',
        address: request.ip,
        former,
        requestId: request.id,
      });
      parts.count('ok');
      log.error({ ...facts, session: session.id }, 'BREAK GLASS: somebody has logged in without the identity provider');
      await remember('allowed');
      return reply
        .header('set-cookie', cookies.set('session', secret, settings.sessionMax))
        .redirect(`${publicUrl}${safeReturnTo(sent.get('returnTo'), publicUrl)}`, 303);
    });
    done();
  });
}

/** Who a break-glass session is: a superuser without a token, for as long as the account is in the settings. */
export function localPrincipal(
  session: Session,
  settings: BreakGlassSettings | undefined,
  adminRole: string,
): Principal | undefined {
  const { subject } = session.owner;
  if (settings?.accounts.some(({ username }) => username === subject) !== true) return undefined;
  const roles = [...new Set([adminRole, ...settings.roles])];
  const claims = Object.freeze({ sub: subject, preferred_username: subject });
  return Object.freeze({
    issuer: breakGlassIssuer,
    identity: subject,
    subject,
    client: undefined,
    serviceAccount: false,
    audiences: [],
    scopes: [],
    roles: { realm: roles, clients: {} },
    tokenId: undefined,
    sessionId: undefined,
    issuedAt: undefined,
    expiresAt: epochSeconds(Math.floor(session.endsAt / 1000)),
    claims,
  });
}

function form(returnTo: string): Html {
  return html`<p>For emergencies, while the identity provider cannot be used. Every attempt is recorded.</p>
<form class="wide" method="post" action="/login/break-glass">
<input type="hidden" name="returnTo" value="${returnTo}">
<label for="username">Name</label><input id="username" name="username" autocomplete="username" required>
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>
<label for="code">One-time code</label><input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" required>
<button>Break the glass</button>
</form>`;
}
