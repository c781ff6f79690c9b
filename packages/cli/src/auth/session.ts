import { grantTypes, type JsonObject } from '@keyturn/protocol';
import { CommandFailure, type Io } from '../io.ts';
import { describeError } from './flows.ts';
import { openLoginStore, type StoredLogin } from './login-store.ts';
import { callForm, discover } from './provider.ts';

/** Which Keyturn is meant: `--url`, else KEYTURN_URL, else the one of `keyturn dev`. Without a trailing slash. */
export function urlOf(io: Pick<Io, 'env'>, given: string | undefined): string {
  const url = given ?? io.env['KEYTURN_URL'] ?? 'http://localhost:8040';
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new CommandFailure(`${JSON.stringify(url)} is no http or https URL`, 2);
  }
  return url.replace(/\/+$/, '');
}

/** An access token for Keyturn: KEYTURN_TOKEN, else that of the login, renewed if it has run out. */
export async function accessTokenFor(io: Io, url: string): Promise<string> {
  const given = io.env['KEYTURN_TOKEN'];
  if (given !== undefined && given !== '') return given;
  const store = openLoginStore(io);
  const login = store.get(url);
  if (login === undefined) throw new CommandFailure(`not logged in at ${url}: run keyturn auth login`, 4);
  if (login.expiresAt - 30 > Date.now() / 1000) return login.accessToken;
  if (login.refreshToken === undefined) throw new CommandFailure('the login has run out: run keyturn auth login', 4);
  const provider = await discover(login.issuer);
  const answer = await callForm(provider.tokenEndpoint, {
    grant_type: grantTypes.refreshToken,
    refresh_token: login.refreshToken,
    client_id: login.clientId,
  });
  if (answer.status !== 200) {
    throw new CommandFailure(
      `the login has ended (${describeError(answer.body, answer.status)}): run keyturn auth login`,
      4,
    );
  }
  const renewed = readLogin(answer.body, login);
  store.set(url, renewed);
  return renewed.accessToken;
}

/** What a token answer is worth keeping of. */
export function readLogin(body: JsonObject, of: { readonly issuer: string; readonly clientId: string }): StoredLogin {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn } = body;
  if (typeof accessToken !== 'string') throw new CommandFailure('the identity provider gave no access token');
  const claims = readClaims(accessToken);
  const name = claims['preferred_username'] ?? claims['sub'];
  return {
    issuer: of.issuer,
    clientId: of.clientId,
    user: typeof name === 'string' ? name : 'unknown',
    accessToken,
    expiresAt: Math.floor(Date.now() / 1000) + (typeof expiresIn === 'number' ? expiresIn : 60),
    refreshToken: typeof refreshToken === 'string' ? refreshToken : undefined,
  };
}

/** For showing only: nothing is decided by it. */
function readClaims(token: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? { ...claims } : {};
  } catch {
    return {};
  }
}
