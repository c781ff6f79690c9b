import { spawn } from 'node:child_process';
import { hash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { grantTypes, type JsonObject } from '@keyturn/protocol';
import { CommandFailure, type Io } from '../io.ts';
import { callForm, type Provider } from './provider.ts';

export interface LoginOrder {
  readonly provider: Provider;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Waits that the user can cut short. */
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** The device flow: a code is shown, the user enters it in any browser, this side asks until they have. RFC 8628. */
export async function logInByDevice(io: Pick<Io, 'complain' | 'isTerminal'>, order: LoginOrder): Promise<JsonObject> {
  const { provider, clientId } = order;
  if (provider.deviceEndpoint === undefined) {
    throw new CommandFailure(`${provider.issuer} has no device flow; use keyturn auth login --web`);
  }
  const begun = await callForm(provider.deviceEndpoint, { client_id: clientId, scope: order.scopes.join(' ') });
  const { device_code: deviceCode, user_code: userCode, verification_uri: place, interval } = begun.body;
  const whole = begun.body['verification_uri_complete'];
  if (
    begun.status !== 200 ||
    typeof deviceCode !== 'string' ||
    typeof userCode !== 'string' ||
    typeof place !== 'string'
  ) {
    throw new CommandFailure(`the device flow was refused: ${describeError(begun.body, begun.status)}`);
  }
  io.complain(`Open ${typeof whole === 'string' ? whole : place}\nand enter the code ${userCode}`);
  if (io.isTerminal) openBrowser(typeof whole === 'string' ? whole : place);
  let pause = typeof interval === 'number' ? interval : 5;
  for (;;) {
    await order.sleep(pause * 1000);
    const answer = await callForm(provider.tokenEndpoint, {
      grant_type: grantTypes.deviceCode,
      device_code: deviceCode,
      client_id: clientId,
    });
    if (answer.status === 200) return answer.body;
    const { error } = answer.body;
    if (error === 'slow_down') pause += 5;
    else if (error !== 'authorization_pending') {
      throw new CommandFailure(`the login was not finished: ${describeError(answer.body, answer.status)}`);
    }
  }
}

/** The code flow with PKCE, the answer caught on a free loopback port. RFC 8252 §7.3, RFC 7636, RFC 9207. */
export async function logInByBrowser(io: Io, order: LoginOrder): Promise<JsonObject> {
  const { provider, clientId } = order;
  const secret = (): string => randomBytes(32).toString('base64url');
  const [state, verifier] = [secret(), secret()];
  const caught = Promise.withResolvers<URLSearchParams>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const isOurs = url.pathname === '/callback' && url.searchParams.get('state') === state;
    response.writeHead(isOurs ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
    response.end(isOurs ? 'You can close this page and go back to the terminal.\n' : 'This is not the login.\n');
    if (isOurs) caught.resolve(url.searchParams);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const redirectUri = `http://127.0.0.1:${port}/callback`;
    const start = new URL(provider.authorizationEndpoint);
    for (const [name, value] of Object.entries({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: order.scopes.join(' '),
      state,
      code_challenge: hash('sha256', verifier, 'base64url'),
      code_challenge_method: 'S256',
    })) {
      start.searchParams.set(name, value);
    }
    io.complain(`Open ${start.href}`);
    if (io.isTerminal) openBrowser(start.href);
    const came = await Promise.race([caught.promise, io.stopped.then(() => undefined)]);
    if (came === undefined) throw new CommandFailure('the login was given up', 130);
    const [code, iss] = [came.get('code'), came.get('iss')];
    if (iss !== null && iss !== provider.issuer) throw new CommandFailure('the answer is from another issuer: refused');
    if (code === null) throw new CommandFailure(`the login was refused: ${came.get('error') ?? 'no code came'}`);
    const answer = await callForm(provider.tokenEndpoint, {
      grant_type: grantTypes.authorizationCode,
      code,
      redirect_uri: redirectUri,
      client_id: clientId,
      code_verifier: verifier,
    });
    if (answer.status !== 200) throw new CommandFailure(`no token: ${describeError(answer.body, answer.status)}`);
    return answer.body;
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** Best effort: the address has been printed too. */
export function openBrowser(url: string): void {
  const program = process.platform === 'darwin' ? 'open' : process.platform === 'win32' ? 'explorer' : 'xdg-open';
  const child = spawn(program, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}

export function describeError(body: JsonObject, status: number): string {
  const { error, error_description: description } = body;
  if (typeof error !== 'string') return `it answered ${status}`;
  return typeof description === 'string' ? `${error}: ${description}` : error;
}
