import { CommandFailure, type Io } from '../io.ts';
import { logInByBrowser, logInByDevice } from './flows.ts';
import { openLoginStore } from './login-store.ts';
import { call, callForm, discover } from './provider.ts';
import { accessTokenFor, readLogin, urlOf } from './session.ts';

export interface LoginFlags {
  readonly url?: string;
  readonly issuer?: string;
  readonly clientId?: string;
  readonly scope: readonly string[];
  readonly web?: boolean;
}

/** `keyturn auth login`: issuer and client are asked of Keyturn itself, unless they are given. */
export async function runLogin(io: Io, flags: LoginFlags): Promise<void> {
  const url = urlOf(io, flags.url);
  const { issuer, clientId } = await whereToLogIn(url, flags);
  const provider = await discover(issuer);
  const order = {
    provider,
    clientId,
    scopes: ['openid', ...flags.scope],
    sleep: async (milliseconds: number) => {
      const stopped = await Promise.race([
        io.stopped,
        new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), milliseconds)),
      ]);
      if (stopped !== undefined) throw new CommandFailure('the login was given up', 130);
    },
  };
  const answer = flags.web === true ? await logInByBrowser(io, order) : await logInByDevice(io, order);
  const store = openLoginStore(io);
  const login = readLogin(answer, { issuer, clientId });
  store.set(url, login);
  io.complain(`Logged in at ${url} as ${login.user}`);
}

async function whereToLogIn(url: string, flags: LoginFlags): Promise<{ issuer: string; clientId: string }> {
  if (flags.issuer !== undefined && flags.clientId !== undefined) {
    return { issuer: flags.issuer, clientId: flags.clientId };
  }
  const { status, body } = await call(`${url}/auth/config`);
  const issuer = flags.issuer ?? body['issuer'];
  const clientId = flags.clientId ?? body['client_id'];
  if (typeof issuer !== 'string' || typeof clientId !== 'string') {
    throw new CommandFailure(
      `${url} does not say where to log in (/auth/config answered ${status}): give --issuer and --client-id, or set login.cliClientId there`,
    );
  }
  return { issuer, clientId };
}

/** `keyturn auth token`: the access token alone, for other programs. */
export async function runAuthToken(io: Io, flags: { readonly url?: string }): Promise<void> {
  io.print(await accessTokenFor(io, urlOf(io, flags.url)));
}

/** `keyturn auth status`: who is logged in where. Leaves with 1 if nobody is. */
export function runStatus(io: Io, flags: { readonly json?: boolean }): void {
  const store = openLoginStore(io);
  const logins = Object.entries(store.all()).map(([url, { user, issuer, expiresAt, refreshToken }]) => ({
    url,
    user,
    issuer,
    access_token_expires_at: new Date(expiresAt * 1000).toISOString(),
    renewable: refreshToken !== undefined,
  }));
  if (flags.json === true) io.print(JSON.stringify(logins, undefined, 2));
  else for (const { url, user, issuer } of logins) io.print(`${url}\n  ${user}, by ${issuer}`);
  if (logins.length > 0) return;
  io.complain('Not logged in anywhere. Run keyturn auth login.');
  io.exit(1);
}

/** `keyturn auth logout`: ends the session at the identity provider, then forgets it. */
export async function runLogout(io: Io, flags: { readonly url?: string }): Promise<void> {
  const url = urlOf(io, flags.url);
  const store = openLoginStore(io);
  const login = store.get(url);
  if (login === undefined) throw new CommandFailure(`not logged in at ${url}`);
  store.remove(url);
  const { revocationEndpoint } = await discover(login.issuer);
  if (login.refreshToken !== undefined && revocationEndpoint !== undefined) {
    await callForm(revocationEndpoint, { token: login.refreshToken, client_id: login.clientId });
  }
  io.complain(`Logged out of ${url}`);
}
