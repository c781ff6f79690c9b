import { networkInterfaces } from 'node:os';
import { logInInBrowser } from '../parts/browser.ts';
import { bearer, type Checks, sendRaw } from './checks.ts';
import type { People } from './people.ts';
import type { Entrance, Stage } from './stage.ts';

/** Tokens that are narrowed: what each may not do is refused by every proxy, and what it may do passes. */
export async function checkNarrowing(stage: Stage, people: People, checks: Checks): Promise<void> {
  const make = async (more: object): Promise<string> => (await people.make('john', 'reference', more)).token;
  const tokens = {
    reader: await make({ read_only: true }),
    // Of a client on loopback Envoy says its own address.
    near: await make({ source_cidrs: ['127.0.0.0/8', '::1', ...ownAddresses()] }),
    far: await make({ source_cidrs: ['198.51.100.0/24'] }),
    elsewhere: await make({ audiences: ['pizzeria-backend'] }),
    tools: await make({ tools: ['menu/*'] }),
  };
  const rotated = await people.make('john', 'reference');
  const john = await people.logIn('john');
  const next = await people.ask(1, 'POST', `/api/v1/users/tokens/${rotated.id}/rotate`, john, { overlap: 0 });
  const entrances = stage.entrances.filter(({ kinds }) => kinds.includes('reference'));
  for (const { name, url } of entrances) {
    const use = async (token: string, path = '/x', method = 'GET', more: readonly (readonly [string, string])[] = []) =>
      (await sendRaw(url, path, [...bearer(token), ...more], method)).status;
    const expectStatus = (what: string, got: number, wanted: number): void =>
      checks.that(`${name}: ${what}`, got === wanted, got);
    expectStatus('a read-only token reads', await use(tokens.reader), 200);
    expectStatus('a read-only token does not write', await use(tokens.reader, '/x', 'DELETE'), 403);
    expectStatus('a token is good inside its networks', await use(tokens.near), 200);
    expectStatus('a token is refused outside its networks', await use(tokens.far), 401);
    // What the client says of its address is not what counts.
    const claimed = await use(tokens.far, '/x', 'GET', [['X-Forwarded-For', '198.51.100.7']]);
    expectStatus('a claimed address opens nothing', claimed, 401);
    expectStatus('a token for another service is refused', await use(tokens.elsewhere), 401);
    const call = (tool: string) => [['Mcp-Method', 'tools/call'] as const, ['Mcp-Name', tool] as const];
    expectStatus('a token for a tool calls it', await use(tokens.tools, '/mcp', 'GET', call('menu__list')), 200);
    expectStatus('a token for a tool does nothing else', await use(tokens.tools), 403);
    expectStatus('a rotated token’s old secret is refused', await use(rotated.token), 401);
    expectStatus('a rotated token’s new secret is good', await use(String(next.body['token'])), 200);
  }
}

/** Ends of many tokens at once, by their owner or an administrator; and by logging out. */
export async function checkManyEnds(stage: Stage, people: People, checks: Checks): Promise<void> {
  const admin = await people.logIn('admin');
  const endedBy = async (what: string, end: (john: string) => Promise<number>): Promise<void> => {
    const [one, two] = [await people.make('john', 'reference'), await people.make('john', 'jwt')];
    const status = await end(await people.logIn('john'));
    checks.that(`${what} is done`, status === 200, status);
    for (const { token } of [one, two]) {
      checks.that(`${what} ends tokens within a second`, await isRefusedWithin(stage.entrances, token, 1000));
    }
  };
  const adminRevoke = (body: object) => people.ask(2, 'POST', '/api/v1/tokens/revoke', admin, body);
  await endedBy('“revoke all of mine”', async (john) => {
    return (await people.ask(1, 'POST', '/api/v1/users/tokens/revoke-all', john, {})).status;
  });
  await endedBy('an administrator’s end of a user’s tokens', async (john) => {
    const denied = await people.ask(2, 'POST', '/api/v1/tokens/revoke', john, { everything: true });
    checks.that('nobody else ends everybody’s tokens', denied.status === 403, denied);
    return (await adminRevoke({ user: subjectOf(john) })).status;
  });
  await endedBy(
    'an administrator’s end of a client’s tokens',
    async () => (await adminRevoke({ client: 'web' })).status,
  );
  await endedBy('an administrator’s end of everything', async () => (await adminRevoke({ everything: true })).status);
}

/** “Logged out everywhere”, of which the identity provider sends word; the re-read alone would take up to 5 s. */
export async function checkLoggedOut(stage: Stage, people: People, checks: Checks): Promise<void> {
  const [reference, jwt] = [await people.make('jane', 'reference'), await people.make('jane', 'jwt')];
  const john = await people.make('john', 'reference');
  const jane = await people.logIn('jane');
  const entrance = stage.entrances.filter(({ kinds }) => kinds.includes('reference')).slice(0, 1);
  for (const { token } of [reference, jwt]) {
    const good = await sendRaw(entrance[0]?.url ?? '', '/x', bearer(token));
    checks.that('a token is good before its owner is logged out everywhere', good.status === 200, good);
  }
  // Keycloak drops the session in which a grant was given, and has word only for clients that the user is logged in at.
  const login = new URL(`${stage.issuer}/protocol/openid-connect/auth`);
  for (const [name, value] of Object.entries({
    response_type: 'code',
    client_id: 'keyturn-login',
    redirect_uri: `${stage.replicas[0]?.url ?? ''}/login/callback`,
    scope: 'openid',
    state: 'of-nobody',
  })) {
    login.searchParams.set(name, value);
  }
  await logInInBrowser(login.href, { username: 'jane', password: 'jane' });
  // A token that is made in the second of the logout outlives it at Keycloak.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const logout = await fetch(`${stage.adminUrl}/users/${subjectOf(jane)}/logout`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await stage.adminToken()}` },
  });
  checks.that('an administrator logs a user out everywhere', logout.status === 204, logout.status);
  for (const [kind, { token }] of [
    ['reference', reference],
    ['jwt', jwt],
  ] as const) {
    const refused = await isRefusedWithin(entrance, token, 3500);
    checks.that(
      `a ${kind} token of somebody logged out everywhere is refused at the identity provider’s word`,
      refused,
    );
  }
  const others = await sendRaw(entrance[0]?.url ?? '', '/x', bearer(john.token));
  checks.that('… and nobody else’s', others.status === 200, others);
}

/** This machine's own. */
function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  return all.map(({ address }) => address.replace(/%.*/, ''));
}

async function isRefusedWithin(entrances: readonly Entrance[], token: string, milliseconds: number): Promise<boolean> {
  const kind = token.startsWith('ktn_') ? 'reference' : 'jwt';
  const until = performance.now() + milliseconds;
  const all = await Promise.all(
    entrances
      .filter(({ kinds }) => kinds.includes(kind))
      .map(async ({ url }) => {
        do {
          if ((await sendRaw(url, '/x', bearer(token))).status === 401) return true;
        } while (performance.now() < until);
        return false;
      }),
  );
  return all.every(Boolean);
}

function subjectOf(token: string): string {
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return typeof claims === 'object' && claims !== null && 'sub' in claims ? String(claims.sub) : '';
}
