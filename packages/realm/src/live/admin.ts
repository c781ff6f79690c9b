import {
  isJsonObject,
  type Json,
  type JsonObject,
  type Milliseconds,
  mebibytes,
  milliseconds,
} from '@keyturn/protocol';
import { explainNetRefusal, type FetchedResponse, type GuardedFetch } from '@keyturn/net';
import { isJsonList } from '../representation.ts';
import { type AdminLogin, openAdminSession } from './admin-login.ts';
import { AdminRefused } from './admin-refusal.ts';
import { roleFor } from './roles-needed.ts';

export interface AdminOptions {
  /** Where Keycloak is, with its relative path if it has one: `http://localhost:8080`, `https://id.example.com/auth`. */
  readonly url: string;
  readonly login: AdminLogin;
  readonly fetch: GuardedFetch;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly sleep: (duration: Milliseconds) => Promise<void>;
  /** How often one request is tried in all. Default 6: with the back-off some 15 s, enough for "Bootstrap in progress". */
  readonly attempts?: number;
  /** Told before each wait, for people who watch. */
  readonly onRetry?: (what: string) => void;
}

export interface AdminAnswer {
  readonly status: number;
  readonly body: Json | undefined;
  /** The last part of the `Location` header: the new object's id. */
  readonly id: string | undefined;
}

export interface AdminWrite {
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: Json;
  /**
   * Whether the write has happened, read back from the server. Asked before a write is repeated whose outcome is
   * unknown (a broken connection, a 5xx), so that nothing is made twice.
   */
  readonly landed: () => Promise<boolean>;
}

/** Keycloak's admin API: one request, tried again with back-off where that is safe. Refusals are thrown as `AdminRefused`. */
export interface Admin {
  readonly url: string;
  /** A GET. Undefined for a 404. */
  find(path: string): Promise<Json | undefined>;
  /** A GET of one object; a 404 is a refusal. */
  get(path: string): Promise<JsonObject>;
  /** All pages of a listing, one request a page. `size` 0: the resource has no pages. */
  list(path: string, size: number): Promise<readonly JsonObject[]>;
  write(write: AdminWrite): Promise<AdminAnswer>;
  /** `/admin/serverinfo`: version and features. Undefined if this account may not see it. */
  serverInfo(): Promise<JsonObject | undefined>;
}

/** A path below `/admin/realms`, each part encoded. A name that a URL cannot hold is refused, not bent. */
export function pathOf(...parts: readonly string[]): string {
  return parts
    .map((part) => {
      // URL parsers read %2e%2e as ".." too, so encoding is no way out.
      if (part === '' || part === '.' || part === '..') throw new AdminRefused({ why: 'name-for-no-url', name: part });
      return `/${encodeURIComponent(part)}`;
    })
    .join('');
}

export function createAdmin(options: AdminOptions): Admin {
  const { fetch, sleep } = options;
  const url = options.url.replace(/\/+$/, '');
  const attempts = options.attempts ?? 6;
  const session = openAdminSession({ ...options, url });

  /** One try. A 401 gets one new login: tokens of admin-cli live 60 seconds. */
  async function once(method: string, path: string, body: Json | undefined): Promise<FetchedResponse | string> {
    for (let renewed = false; ; renewed = true) {
      const token = await session.token(renewed);
      if (typeof token !== 'string') return token.again;
      const answer = await fetch(`${url}/admin${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        maxBytes: mebibytes(64),
        timeout: milliseconds(30_000),
      });
      if (!answer.ok) return explainNetRefusal(answer.refusal);
      if (answer.value.status !== 401) return answer.value;
      if (renewed || !session.renewable) throw new AdminRefused({ why: 'token-expired' });
    }
  }

  async function send(
    method: string,
    path: string,
    body?: Json,
    landed?: () => Promise<boolean>,
  ): Promise<AdminAnswer> {
    const request = `${method} /admin${path}`;
    for (let attempt = 1; ; attempt++) {
      const answer = await once(method, path, body);
      if (typeof answer !== 'string' && !isPassing(answer)) return readAnswer(request, answer);
      const detail = typeof answer === 'string' ? answer : `${answer.status} ${errorText(answer)}`;
      // 429 and Keycloak's 503 mean "not done"; after anything else a write may have happened.
      const unknown = typeof answer === 'string' || (answer.status !== 429 && answer.status !== 503);
      if (attempt >= attempts) throw gaveUp(url, request, answer);
      options.onRetry?.(`${request}: ${detail}; trying again`);
      await sleep(milliseconds(waitFor(attempt, typeof answer === 'string' ? undefined : answer)));
      if (landed !== undefined && unknown && (await landed())) return { status: 204, body: undefined, id: undefined };
    }
  }

  const find = async (path: string): Promise<Json | undefined> => {
    const answer = await send('GET', `/realms${path}`);
    if (answer.status === 404) return undefined;
    if (answer.body === undefined)
      throw new AdminRefused({ why: 'bad-answer', request: `GET ${path}`, detail: 'no JSON' });
    return answer.body;
  };
  return {
    url,
    find,
    async get(path) {
      const body = await find(path);
      if (body === undefined) throw new AdminRefused({ why: 'not-found', request: `GET ${path}`, detail: 'not there' });
      if (isJsonObject(body)) return body;
      throw new AdminRefused({ why: 'bad-answer', request: `GET ${path}`, detail: 'not an object' });
    },
    async list(path, size) {
      const all: JsonObject[] = [];
      for (let first = 0; ; first += size) {
        const pages = size === 0 ? '' : `${path.includes('?') ? '&' : '?'}first=${first}&max=${size}`;
        const body = (await find(`${path}${pages}`)) ?? [];
        if (!isJsonList(body))
          throw new AdminRefused({ why: 'bad-answer', request: `GET ${path}`, detail: 'not a list' });
        all.push(...body.filter(isJsonObject));
        if (size === 0 || body.length < size) return all;
      }
    },
    async write({ method, path, body, landed }) {
      const answer = await send(method, `/realms${path}`, body, landed);
      // What was to be deleted and is gone is as wanted.
      if (answer.status !== 404 || method === 'DELETE') return answer;
      throw new AdminRefused({ why: 'not-found', request: `${method} ${path}`, detail: showError(answer.body) });
    },
    async serverInfo() {
      try {
        const { body } = await send('GET', '/serverinfo');
        return isJsonObject(body) ? body : undefined;
      } catch (error) {
        if (error instanceof AdminRefused && error.refusal.why === 'forbidden') return undefined;
        throw error;
      }
    },
  };
}

/** Whether a later try may have another answer. Keycloak says 400 where its database broke off a request among others. */
function isPassing(answer: FetchedResponse): boolean {
  if (answer.status === 400) return errorText(answer) === 'Database operation failed';
  return answer.status >= 500 || answer.status === 429;
}

/** Milliseconds before the next try: the server's `Retry-After` up to 30 s, else 0.5 s doubled each time up to 8 s. */
function waitFor(attempt: number, answer: FetchedResponse | undefined): number {
  const asked = Number(answer?.headers.get('retry-after') ?? Number.NaN);
  if (Number.isFinite(asked) && asked >= 0) return Math.min(asked, 30) * 1000;
  return Math.min(500 * 2 ** (attempt - 1), 8000);
}

function gaveUp(url: string, request: string, answer: FetchedResponse | string): AdminRefused {
  if (typeof answer === 'string') return new AdminRefused({ why: 'unreachable', url, detail: answer });
  return new AdminRefused({ why: 'server-error', request, status: answer.status, detail: errorText(answer) });
}

/** Turns one answer into a value or a refusal. 404 is a value: whether it is wrong is for the caller. */
function readAnswer(request: string, answer: FetchedResponse): AdminAnswer {
  const { status } = answer;
  const detail = errorText(answer);
  if (status === 403) throw new AdminRefused({ why: 'forbidden', request, role: roleFor(request) });
  if (status === 409) throw new AdminRefused({ why: 'conflict', request, detail });
  if (status >= 300 && status !== 404) throw new AdminRefused({ why: 'invalid', request, status, detail });
  const location = answer.headers.get('location')?.split('/').at(-1);
  return { status, body: parseBody(answer), id: location === undefined ? undefined : decodeURIComponent(location) };
}

function parseBody(answer: FetchedResponse): Json | undefined {
  try {
    return JSON.parse(answer.text()) as Json;
  } catch {
    return undefined;
  }
}

function errorText(answer: FetchedResponse): string {
  return showError(parseBody(answer)) || answer.text().replaceAll(/\s+/g, ' ').slice(0, 200);
}

/** Keycloak has five shapes of errors (FACTS §7); this is the sentence in each. */
export function showError(body: Json | undefined): string {
  if (!isJsonObject(body)) return '';
  const { error, error_description: description, errorMessage, field, params } = body;
  if (typeof description === 'string') return description;
  if (typeof errorMessage === 'string') {
    return field === undefined
      ? errorMessage
      : `${JSON.stringify(field)}: ${errorMessage} ${JSON.stringify(params ?? [])}`;
  }
  return typeof error === 'string' ? error : '';
}
