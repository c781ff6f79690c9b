import { hash } from 'node:crypto';
import { type Clock, secondsOf } from '@keyturn/protocol';
import type { Migration, Store } from '@keyturn/store';
import { explainLogoutToken, type LogoutTokenVerifier, type ReplayStore } from '@keyturn/verify';
import type { FastifyReply } from 'fastify';
import type { Frame } from '../../http/frame.ts';
import type { Log } from '../../outside/log.ts';

/** What has ended at the identity provider: a session, or, without one, all sessions of a person. */
export interface EndedLogin {
  readonly issuer: string;
  readonly subject?: string;
  readonly sessionId?: string;
  /** When the identity provider said so, in seconds, by its clock: what it issued later is not meant. */
  readonly at: number;
  /** What outlives a session is to end with it (Keycloak's `revoke_offline_access`). */
  readonly offlineToo: boolean;
}

/**
 * Does what a logout entails. Resolves once it is durable: the identity provider is told that the logout is done only
 * then. Told again of a logout that it knows, it does the same again.
 */
export type LogoutListener = (ended: EndedLogin) => Promise<void>;

export interface BackchannelLogoutParts {
  /** For the client through which people log in. */
  readonly tokens: LogoutTokenVerifier;
  readonly listeners: readonly LogoutListener[];
  readonly log: Log;
}

/**
 * POST /backchannel-logout (OpenID Connect Back-Channel Logout 1.0): the identity provider says that a session has ended.
 * 200 once every listener is done, 400 for anything else, as §2.8 has it; a refusal says no more than that, and the log
 * says why. Nothing but the token speaks here: there is no cookie and no bearer.
 */
export function mountBackchannelLogout(frame: Frame, { tokens, listeners, log }: BackchannelLogoutParts): void {
  void frame.app.register((app, _options, done) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, parsed) =>
      parsed(null, body),
    );
    // Another kind of body is a malformed request like any other; it is read, so that the connection can go on.
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, parsed) => parsed(null, undefined));
    app.post('/backchannel-logout', async (request, reply) => {
      void reply.header('cache-control', 'no-store');
      const token = onlyToken(request.body);
      if (token === undefined) return refuseWith(reply, 'invalid_request', 'One parameter “logout_token” is needed');
      const judged = await tokens.verify(token);
      if (!judged.ok) {
        const reason = explainLogoutToken(judged.refusal);
        log.warn({ request_id: request.id, why: judged.refusal.why, reason }, 'a logout token was refused');
        return refuseWith(reply, 'invalid_request', 'The logout token is not accepted');
      }
      const { issuer, subject, sessionId, issuedAt, offlineToo } = judged.value;
      const ended: EndedLogin = {
        issuer,
        ...(subject === undefined ? {} : { subject }),
        ...(sessionId === undefined ? {} : { sessionId }),
        at: issuedAt,
        offlineToo,
      };
      // Side by side, each to its end: that one fails is no reason for the others to be left undone.
      const outcomes = await Promise.allSettled(listeners.map((listener) => listener(ended)));
      const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
      for (const { reason } of failed) {
        log.error({ request_id: request.id, error: String(reason) }, 'a logout could not be carried out');
      }
      if (failed.length > 0) return refuseWith(reply, 'logout_failed', 'The logout could not be carried out');
      log.info({ request_id: request.id, subject, session: sessionId }, 'logged out at the identity provider');
      return reply.code(200).send();
    });
    done();
  });
}

/** The one logout token of a form; RFC 6749 §3.2 has no parameter twice. */
function onlyToken(body: unknown): string | undefined {
  if (typeof body !== 'string') return undefined;
  const [token, ...others] = new URLSearchParams(body).getAll('logout_token');
  return others.length > 0 ? undefined : token;
}

function refuseWith(reply: FastifyReply, error: string, description: string): FastifyReply {
  return reply.code(400).send({ error, error_description: description });
}

type LogoutTables = { login_logout_token: { key: string; expires_at: number } };

export const logoutMigrations: readonly Migration[] = [
  {
    id: 'login-logout-001',
    up: async (db) => {
      await db.schema
        .createTable('login_logout_token')
        .addColumn('key', 'text', (column) => column.primaryKey())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
];

/** Which logout tokens have been used, shared by all replicas: of several that are shown one, one takes it. */
export function openLogoutReplay(store: Store, clock: Clock): ReplayStore {
  const db = store.db.withTables<LogoutTables>();
  return {
    async claim(key, until) {
      await db.deleteFrom('login_logout_token').where('expires_at', '<', secondsOf(clock())).execute();
      const done = await db
        .insertInto('login_logout_token')
        .values({ key: hash('sha256', key), expires_at: until })
        .onConflict((conflict) => conflict.column('key').doNothing())
        .executeTakeFirst();
      return done.numInsertedOrUpdatedRows === 1n;
    },
  };
}
