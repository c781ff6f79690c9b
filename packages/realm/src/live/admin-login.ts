import { type GuardedFetch, explainNetRefusal } from '@keyturn/net';
import { type Json, type JsonObject, milliseconds } from '@keyturn/protocol';
import { membersOf, textOf } from '../model/members.ts';
import { AdminRefused } from './admin-refusal.ts';

/** Who works on the realm. */
export type AdminLogin =
  | {
      readonly by: 'password';
      readonly username: string;
      readonly password: string;
      /** Default master. */
      readonly realm?: string;
      /** Default admin-cli. */
      readonly clientId?: string;
    }
  | { readonly by: 'client'; readonly clientId: string; readonly clientSecret: string; readonly realm?: string }
  | { readonly by: 'token'; readonly token: string };

interface AdminSession {
  /** A token that has some seconds to live, or why there is none just now (worth another try). */
  token(renew: boolean): Promise<string | { readonly again: string }>;
  /** False if the token was given and no new one can be fetched. */
  readonly renewable: boolean;
}

/** Fetches admin tokens when they are needed and keeps each until shortly before its end. One fetch at a time. */
export function openAdminSession(options: {
  readonly url: string;
  readonly login: AdminLogin;
  readonly fetch: GuardedFetch;
  readonly clock: () => number;
}): AdminSession {
  const { login } = options;
  if (login.by === 'token') return { renewable: false, token: async () => login.token };
  let current: { readonly token: string; readonly until: number } | undefined;
  let fetching: Promise<string | { readonly again: string }> | undefined;

  const fetchToken = async (): Promise<string | { readonly again: string }> => {
    const url = `${options.url}/realms/${encodeURIComponent(login.realm ?? 'master')}/protocol/openid-connect/token`;
    const answer = await options.fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: loginForm(login).toString(),
      timeout: milliseconds(30_000),
    });
    if (!answer.ok) return { again: explainNetRefusal(answer.refusal) };
    const { status } = answer.value;
    if (status >= 500 || status === 429) return { again: `${status} from the token endpoint` };
    const body = parse(answer.value.text());
    const token = body['access_token'];
    if (typeof token === 'string') {
      const lifetime = Number(body['expires_in']);
      // Ten seconds early: a request may wait in a queue. Without `expires_in` each token serves once.
      current = { token, until: options.clock() + (Number.isFinite(lifetime) ? lifetime - 10 : 0) * 1000 };
      return token;
    }
    // Keycloak answers 404 for a realm that is not there, and for a path that is none of its own.
    const unknownPath = status === 404 && !/realm/i.test(textOf(body['error']));
    if (unknownPath || typeof body['error'] !== 'string')
      throw new AdminRefused({ why: 'not-an-admin-api', url, status });
    const detail = textOf(body['error_description'] ?? body['error']);
    throw new AdminRefused({ why: 'login-refused', url: options.url, status, detail });
  };

  return {
    renewable: true,
    async token(renew) {
      if (!renew && current !== undefined && options.clock() < current.until) return current.token;
      fetching ??= fetchToken().finally(() => {
        fetching = undefined;
      });
      return fetching;
    },
  };
}

function loginForm(login: Exclude<AdminLogin, { by: 'token' }>): URLSearchParams {
  return login.by === 'client'
    ? new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: login.clientId,
        client_secret: login.clientSecret,
      })
    : new URLSearchParams({
        grant_type: 'password',
        client_id: login.clientId ?? 'admin-cli',
        username: login.username,
        password: login.password,
      });
}

function parse(text: string): JsonObject {
  try {
    return membersOf(JSON.parse(text) as Json);
  } catch {
    return {};
  }
}
