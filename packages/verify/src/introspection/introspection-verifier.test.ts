import type { EpochMilliseconds, JsonObject } from '@keyturn/protocol';
import { epochMilliseconds, milliseconds, seconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import type { Fetch } from '../keys/key-source.ts';
import { audience, issuer, now } from '../../vector-makers/vector.ts';
import type { Verdict } from '../verdict.ts';
import { buildIntrospectionRequest, readIntrospectionResponse } from './introspect.ts';
import type { IntrospectionVerifierOptions } from './introspection-verifier.ts';
import { createIntrospectionVerifier } from './introspection-verifier.ts';

const good = {
  active: true,
  iss: issuer,
  aud: audience,
  sub: 'ada',
  exp: now + 300,
  scope: 'read',
  client_id: 'web',
  sid: 's',
};
const token = '2YotnFZFEjr1zCsicMWpAA';

/** An authorization server that says what it is told to, and counts. */
function server(first: JsonObject | string = good, options: Partial<IntrospectionVerifierOptions> = {}) {
  let at = now * 1000;
  let says: JsonObject | string = first;
  let asked = 0;
  const fetch: Fetch = () => {
    asked++;
    const text = typeof says === 'string' ? says : JSON.stringify(says);
    return Promise.resolve({ ok: true, value: { status: 200, text: () => text } });
  };
  const verifier = createIntrospectionVerifier({
    endpoint: 'https://as.example.com/introspect',
    clientId: 'api',
    clientSecret: 'secret',
    issuer,
    audience,
    fetch,
    clock: (): EpochMilliseconds => epochMilliseconds(at),
    ...options,
  });
  return {
    verifier,
    asked: () => asked,
    say: (next: JsonObject | string) => {
      says = next;
    },
    wait: (duration: number) => {
      at += duration * 1000;
    },
  };
}

const said = (verdict: Verdict | undefined): string =>
  verdict === undefined ? 'ask' : verdict.ok ? verdict.value.identity : verdict.refusal.why;

describe('an opaque token', () => {
  it('is what its issuer says it is', async () => {
    const verdict = await server().verifier.verify(token);
    expect(verdict).toMatchObject({
      ok: true,
      value: { issuer, identity: 'ada', client: 'web', audiences: [audience], scopes: ['read'], expiresAt: now + 300 },
    });
    expect(verdict.ok && Object.isFrozen(verdict.value.claims)).toBe(true);
  });

  it('is asked about once while the answer is fresh, and then again', async () => {
    const { verifier, asked, wait } = server();
    expect(verifier.verifySync(token)).toBeUndefined();
    for (let i = 0; i < 5; i++) expect(said(await verifier.verify(token))).toBe('ada');
    expect(said(verifier.verifySync(token))).toBe('ada');
    expect(asked()).toBe(1);
    wait(30);
    expect(said(await verifier.verify(token))).toBe('ada');
    expect(asked()).toBe(2);
  });

  it('is asked about once by any number of requests at a time', async () => {
    const { verifier, asked } = server();
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => verifier.verify(token)));
    expect(new Set(verdicts.map(said))).toEqual(new Set(['ada']));
    expect(asked()).toBe(1);
  });

  it('is never remembered past its end', async () => {
    const { verifier, asked, wait, say } = server({ ...good, exp: now + 10 });
    await verifier.verify(token);
    wait(9);
    expect(said(verifier.verifySync(token))).toBe('ada');
    wait(1);
    say({ active: false });
    expect(verifier.verifySync(token)).toBeUndefined();
    expect(said(await verifier.verify(token))).toBe('inactive');
    expect(asked()).toBe(2);
  });

  it('that was refused is asked about again', async () => {
    const { verifier, say } = server({ active: false });
    expect(said(await verifier.verify(token))).toBe('inactive');
    say(good);
    expect(said(await verifier.verify(token))).toBe('ada');
  });

  it('is asked about again when the clock was set back', async () => {
    const { verifier, wait, say } = server({ ...good, exp: now + 86_400 });
    wait(3600);
    expect(said(await verifier.verify(token))).toBe('ada');
    say({ active: false });
    wait(-3600);
    expect(said(await verifier.verify(token))).toBe('inactive');
  });

  it('is not taken for another that begins alike', async () => {
    const { verifier, say } = server();
    await verifier.verify(token);
    say({ active: false });
    expect(said(await verifier.verify(`${token}A`))).toBe('inactive');
    expect(said(await verifier.verify(token.slice(0, -1)))).toBe('inactive');
  });

  it('without an end is believed for as long as an answer is fresh', async () => {
    const { verifier, wait } = server({ ...good, exp: undefined, iss: undefined }, { freshFor: seconds(5) });
    expect(said(await verifier.verify(token))).toBe('ada');
    wait(5);
    expect(verifier.verifySync(token)).toBeUndefined();
  });

  it.each([
    ['another audience', { ...good, aud: 'other' }, 'audience'],
    ['no audience', { ...good, aud: undefined }, 'audience'],
    ['another issuer', { ...good, iss: 'https://evil.example.com' }, 'issuer'],
    ['an end that has passed', { ...good, exp: now }, 'expired'],
    ['an end of a wrong type', { ...good, exp: `${now + 300}` }, 'claim'],
    ['a beginning to come', { ...good, nbf: now + 60 }, 'not-yet-valid'],
    ['a refresh token of Keycloak', { ...good, typ: 'Refresh' }, 'kind'],
    ['a token type of another kind', { ...good, token_type: 'refresh_token' }, 'kind'],
    ['a binding to a key', { ...good, cnf: { jkt: 'x' } }, 'sender-constrained'],
    ['no identity', { ...good, sub: undefined }, 'identity'],
    ['a sub of a wrong type', { ...good, sub: 5 }, 'claim'],
    ['active false', { ...good, active: false }, 'inactive'],
    ['active as text', { ...good, active: 'true' }, 'introspection-unavailable'],
    ['active as a number', { ...good, active: 1 }, 'introspection-unavailable'],
    ['no active', { ...good, active: undefined }, 'introspection-unavailable'],
    ['no JSON', '<html>', 'introspection-unavailable'],
    ['a member twice', '{"active":false,"active":true}', 'introspection-unavailable'],
  ])('is refused on an answer with %s', async (_name, answer, why) => {
    expect(said(await server(answer).verifier.verify(token))).toBe(why);
  });

  it.each(['', ' ', 'a b', 'a\n', 'é', 'a"b', 'x'.repeat(20_000), undefined, null, 7])(
    'that is no token is not asked about: %j',
    async (text) => {
      const { verifier, asked } = server();
      expect(['malformed', 'too-large']).toContain(said(await verifier.verify(text as never)));
      expect(['malformed', 'too-large']).toContain(said(verifier.verifySync(text as never)));
      expect(asked()).toBe(0);
    },
  );

  it.each<[string, Fetch]>([
    ['cannot be reached', () => Promise.resolve({ ok: false, refusal: { why: 'dns', host: 'as', code: 'ENOTFOUND' } })],
    ['refuses this client', () => Promise.resolve({ ok: true, value: { status: 401, text: () => '' } })],
    ['breaks', () => Promise.reject(new Error('boom'))],
  ])('cannot be judged while the server %s', async (_name, fetch) => {
    const { verifier } = server(good, { fetch });
    expect(said(await verifier.verify(token))).toBe('introspection-unavailable');
    // Nothing is left in flight that would answer for ever.
    expect(said(await verifier.verify(token))).toBe('introspection-unavailable');
  });
});

describe('the question', () => {
  it('is a form with the client’s credentials, each form-encoded', () => {
    const request = buildIntrospectionRequest({ endpoint: 'https://as', clientId: 'a:b', clientSecret: 'c d%' }, 't+1');
    expect(request).toMatchObject({
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from('a%3Ab:c+d%25').toString('base64')}` },
      body: 'token=t%2B1&token_type_hint=access_token',
      timeout: milliseconds(5000),
      redirect: 'error',
    });
  });

  it('that is answered by an error is not answered', () => {
    for (const status of [204, 301, 400, 403, 500]) {
      expect(readIntrospectionResponse(status, JSON.stringify(good)).ok).toBe(false);
    }
  });
});
