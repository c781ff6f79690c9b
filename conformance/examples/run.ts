import { isDeepStrictEqual } from 'node:util';
import { type Checks, keepChecks } from '../parts/checks.ts';
import { NotFetched } from '../parts/fetched.ts';
import { freePorts } from '../parts/ports.ts';
import { openFastapi, openGo, refusesToStart, type Service, type Settings, withRunning } from './services.ts';
import { audience, type Issuing, openIssuing } from './tokens.ts';

/**
 * The services in `examples/`, as somebody would run who copies them: Python and Go, with the libraries they pin. The
 * identity provider calls itself by a name at which nobody listens, and its keys are elsewhere. The embedded one alone:
 * most cases are tokens with one thing wrong, signed by the realm's own key, which no Keycloak hands out.
 */
export async function run(): Promise<{ line: string; ok: boolean }> {
  const checks = keepChecks((text) => console.error(text));
  const issuing = await openIssuing();
  const outcomes: string[] = [];
  try {
    for (const [name, open] of [
      ['fastapi', openFastapi],
      ['go', openGo],
    ] as const) {
      try {
        const service = await open();
        const before = checks.passed();
        await checkService(service, issuing, checks);
        outcomes.push(`${name} ${checks.passed() - before}`);
      } catch (error) {
        if (!(error instanceof NotFetched) || process.env['CI'] !== undefined) throw error;
        outcomes.push(`${name} skipped (${error.message.split('\n')[0] ?? ''})`);
      }
    }
  } finally {
    await issuing.close();
  }
  const failed = checks.failed();
  return {
    ok: failed.length === 0,
    line: `examples (embedded): ${checks.passed()} passed, ${failed.length} failed; ${outcomes.join(', ')}`,
  };
}

async function checkService(service: Service, issuing: Issuing, checks: Checks): Promise<void> {
  const that: Checks['that'] = (what, holds, got) => checks.that(`${service.name}: ${what}`, holds, got);
  const settings: Settings = {
    KEYCLOAK_ISSUER: issuing.issuer,
    KEYCLOAK_JWKS_URL: issuing.jwksUrl,
    EXPECTED_AUDIENCE: audience,
  };
  for (const text of [service.command, ...Object.keys(settings)])
    that(`the README says ${text}`, service.readme.includes(text));
  await withRunning(service, settings, async (url) => {
    await checkAnswers(url, issuing, that);
    await checkRefusals(url, issuing, that);
  });
  // The mistake of seed 002: what leads to the identity provider is taken for its name.
  for (const [what, issuer] of [
    ['derived from the address of the keys', issuing.reached],
    ['derived from an alias', issuing.alias],
  ] as const)
    await withRunning(service, { ...settings, KEYCLOAK_ISSUER: issuer }, async (url) => {
      const { status } = await ask(url, '/me', `Bearer ${issuing.good}`);
      that(`an issuer ${what} refuses the good token`, status === 401, status);
    });
  for (const name of ['KEYCLOAK_ISSUER', 'EXPECTED_AUDIENCE'] as const)
    that(`an empty ${name} is no way to start`, await refusesToStart(service, { ...settings, [name]: '' }));
  const { closed } = await freePorts('closed');
  const keyless = { ...settings, KEYCLOAK_JWKS_URL: `http://127.0.0.1:${closed}/certs` };
  if (service.withoutKeys === 'does not start')
    that('without keys it does not start', await refusesToStart(service, keyless));
  else
    await withRunning(service, keyless, async (url) => {
      const { status } = await ask(url, '/me', `Bearer ${issuing.good}`);
      that('without keys it answers 503, which blames no token', status === 503, status);
    });
}

async function checkAnswers(url: string, issuing: Issuing, that: Checks['that']): Promise<void> {
  const alice = { subject: issuing.subject, username: 'alice', client: 'app', roles: ['reader'] };
  for (const token of [issuing.good, issuing.copy]) {
    const me = await ask(url, '/me', `Bearer ${token}`);
    that('a good token is answered with who calls', me.status === 200 && isDeepStrictEqual(me.body, alice), me);
  }
  const lower = await ask(url, '/me', `bearer ${issuing.good}`);
  that('the scheme may be written in small letters', lower.status === 200, lower);
  const orders = await ask(url, '/orders', `Bearer ${issuing.good}`);
  that('the role opens what it is for', orders.status === 200, orders);
  const bob = await ask(url, '/me', `Bearer ${issuing.withoutRole}`);
  that('who has no role is somebody all the same', bob.status === 200, bob);
}

async function checkRefusals(url: string, issuing: Issuing, that: Checks['that']): Promise<void> {
  for (const path of ['/me', '/orders'])
    for (const authorization of [undefined, 'Basic YWxpY2U6YWxpY2U=', 'Bearer']) {
      const { status, challenge } = await ask(url, path, authorization);
      that(
        `${path} with ${authorization ?? 'nothing'} is 401 without an error code`,
        status === 401 && challenge === 'Bearer realm="orders"',
        { status, challenge },
      );
    }
  for (const [what, token] of Object.entries(issuing.bad))
    for (const path of ['/me', '/orders']) {
      const { status, challenge } = await ask(url, path, `Bearer ${token}`);
      that(
        `${path} with a token ${what} is 401 invalid_token`,
        status === 401 && challenge.startsWith('Bearer realm="orders", error="invalid_token"'),
        { status, challenge },
      );
    }
  const { status, challenge } = await ask(url, '/orders', `Bearer ${issuing.withoutRole}`);
  that(
    'a good token without the role is 403 insufficient_scope',
    status === 403 && challenge.startsWith('Bearer realm="orders", error="insufficient_scope"'),
    { status, challenge },
  );
}

async function ask(
  url: string,
  path: string,
  authorization: string | undefined,
): Promise<{ status: number; challenge: string; body: unknown }> {
  const answer = await fetch(`${url}${path}`, authorization === undefined ? {} : { headers: { authorization } });
  return {
    status: answer.status,
    challenge: answer.headers.get('www-authenticate') ?? '',
    body: answer.headers.get('content-type') === 'application/json' ? await answer.json() : await answer.text(),
  };
}
