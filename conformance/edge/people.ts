import { logInInBrowser } from '../parts/browser.ts';
import type { Stage } from './stage.ts';

/** What users of the stage do: log in, make tokens, revoke them, at any replica. */
export interface People {
  readonly logIn: (
    username: string,
    more?: { readonly clientId?: string; readonly issuer?: string },
  ) => Promise<string>;
  readonly ask: (replica: number, method: string, path: string, token: string, body?: object) => Promise<Answer>;
  /** A new personal access token; gives the grant first if one is needed. */
  readonly make: (username: string, kind: 'jwt' | 'reference', more?: object) => Promise<{ id: string; token: string }>;
  readonly revoke: (username: string, id: string) => Promise<number>;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const tokens = '/api/v1/users/tokens';

export function bringPeople(stage: Stage): People {
  const logIn: People['logIn'] = async (username, { clientId = 'web', issuer = stage.issuer } = {}) => {
    const answer = await fetch(`${issuer}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password', client_id: clientId, username, password: username }),
    });
    const body = (await answer.json()) as { access_token?: string };
    if (body.access_token === undefined) throw new Error(`${username}: ${answer.status} ${JSON.stringify(body)}`);
    return body.access_token;
  };
  const ask: People['ask'] = async (replica, method, path, token, body) => {
    const answer = await fetch(`${stage.replicas[replica]?.url ?? ''}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const parsed: unknown = text.startsWith('{') ? JSON.parse(text) : {};
    return { status: answer.status, body: parsed as Answer['body'] };
  };
  let count = 0;
  const make: People['make'] = async (username, kind, more = {}) => {
    count += 1;
    const body = { name: `${kind} ${count}`, kind, ...more };
    const token = await logIn(username);
    let made = await ask(0, 'POST', tokens, token, body);
    if (made.body['code'] === 'grant_required') {
      const page = await logInInBrowser(String(made.body['grant_url']), { username, password: username });
      if (!page.html.includes('Thank you'))
        throw new Error(`no grant: ${page.status} ${page.url} ${page.html.slice(0, 2000)}`);
      made = await ask(0, 'POST', tokens, token, body);
    }
    if (made.status !== 201) throw new Error(`no token: ${made.status} ${JSON.stringify(made.body)}`);
    return { id: String(made.body['id']), token: String(made.body['token']) };
  };
  return {
    logIn,
    ask,
    make,
    revoke: async (username, id) => (await ask(1, 'DELETE', `${tokens}/${id}`, await logIn(username))).status,
  };
}
