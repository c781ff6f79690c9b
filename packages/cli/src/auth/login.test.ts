import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logInInBrowser } from '@keyturn/conformance/parts/browser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandFailure, type Io } from '../io.ts';
import { buildProgram } from '../program.ts';
import { openTokenHouse, type TokenHouse } from '../token/open-token-house.ts';
import { logInByDevice } from './flows.ts';
import { discover } from './provider.ts';

let house: TokenHouse;
let folder: string;
beforeAll(async () => {
  house = await openTokenHouse();
  folder = mkdtempSync(join(tmpdir(), 'keyturn-login-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await house[Symbol.asyncDispose]();
});

interface Run {
  readonly out: () => string;
  readonly err: () => string;
  readonly stop: () => void;
  readonly ended: Promise<number>;
}

/** Runs a command, which may wait for the user, as one without a terminal. */
function keyturn(args: string): Run {
  const [out, err]: [string[], string[]] = [[], []];
  const stopped = Promise.withResolvers<string>();
  let status = 0;
  const io: Io = {
    env: { XDG_CONFIG_HOME: folder, KEYTURN_URL: house.url },
    cwd: folder,
    print: (text) => void out.push(text),
    complain: (text) => void err.push(text),
    exit: (code) => {
      status = code;
    },
    stopped: stopped.promise,
    isTerminal: false,
  };
  const ended = buildProgram(io, 0)
    .exitOverride()
    .parseAsync(args.split(' '), { from: 'user' })
    .then(
      () => status,
      (error: unknown) => {
        if (!(error instanceof CommandFailure)) throw error;
        err.push(error.message);
        return error.status;
      },
    );
  return { out: () => out.join('\n'), err: () => err.join('\n'), stop: () => stopped.resolve('SIGINT'), ended };
}

async function addressIn(run: Run): Promise<string> {
  for (let i = 0; i < 500; i++) {
    const address = /Open (\S+)/.exec(run.err())?.[1];
    if (address !== undefined) return address;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`no address: ${run.err()}`);
}

const john = { username: 'john', password: 'john' };

describe('keyturn auth login --web', () => {
  it('logs in by code flow with PKCE, the answer caught on a loopback port, and the token opens Keyturn', async () => {
    const run = keyturn('auth login --web');
    const address = await addressIn(run);
    const query = new URL(address).searchParams;
    expect(query.get('code_challenge_method')).toBe('S256');
    expect(query.get('client_id')).toBe('keyturn-cli');
    // What guesses at the port, or answers another login, is not taken for the answer.
    const callback = new URL(query.get('redirect_uri') ?? '');
    expect((await fetch(`${callback.href}?state=guessed&code=x`)).status).toBe(404);
    const page = await logInInBrowser(address, john);
    expect(page.html).toContain('You can close this page');
    expect(await run.ended).toBe(0);
    expect(run.err()).toContain(`Logged in at ${house.url} as john`);
    const token = keyturn('auth token');
    expect(await token.ended).toBe(0);
    expect((await house.ask('GET', '/api/v1/users/tokens', token.out())).status).toBe(200);
    const status = keyturn('auth status');
    expect(await status.ended).toBe(0);
    expect(status.out()).toBe(`${house.url}\n  john, by ${house.issuer}`);
  });

  it('makes a token with that login, and none after keyturn auth logout', async () => {
    const made = keyturn('token create ci --kind jwt --expires 30d');
    expect(await made.ended, made.err()).toBe(0);
    expect((await house.ask('GET', '/api/v1/tools', made.out())).status).toBe(200);
    expect(await keyturn('auth logout').ended).toBe(0);
    const refused = keyturn('token list');
    expect(await refused.ended).toBe(4);
    expect(refused.err()).toContain('keyturn auth login');
  });

  it('is given up with Ctrl-C, with the status that shells know', async () => {
    const run = keyturn('auth login --web');
    await addressIn(run);
    run.stop();
    expect(await run.ended).toBe(130);
  });
});

describe('keyturn auth login', () => {
  it('shows an address and a code by default, and waits; Ctrl-C ends it', async () => {
    const run = keyturn('auth login');
    expect(await addressIn(run)).toContain('/device');
    expect(run.err()).toMatch(/enter the code [B-Z]{4}-[B-Z]{4}/);
    run.stop();
    expect(await run.ended).toBe(130);
  });

  it('gets its token by device flow once the user has said yes', async () => {
    const said: string[] = [];
    let pauses = 0;
    const io = {
      complain: (text: string) => void said.push(text),
      isTerminal: false,
      stopped: new Promise<string>(() => undefined),
    };
    const answer = await logInByDevice(io, {
      provider: await discover(house.issuer),
      clientId: 'keyturn-cli',
      scopes: ['openid'],
      sleep: async (milliseconds) => {
        pauses += 1;
        house.advance(milliseconds / 1000);
        const address = /Open (\S+)/.exec(said.join('\n'))?.[1] ?? '';
        if (pauses === 2) expect((await logInInBrowser(address, john)).html).toContain('Successful');
      },
    });
    expect(pauses).toBeGreaterThanOrEqual(2);
    const token = typeof answer['access_token'] === 'string' ? answer['access_token'] : '';
    expect((await house.ask('GET', '/api/v1/users/tokens', token)).status).toBe(200);
  });

  it('says where to look when Keyturn does not say where to log in', async () => {
    await using quiet = await openTokenHouse({ settings: { login: { cliClientId: undefined } } });
    const run = keyturn(`auth login --url ${quiet.url}`);
    expect(await run.ended).toBe(1);
    expect(run.err()).toContain('login.cliClientId');
  });
});
