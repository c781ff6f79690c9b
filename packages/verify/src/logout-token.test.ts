import type { EpochMilliseconds, JsonObject } from '@keyturn/protocol';
import { epochMilliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { issuerKeySet } from '../vector-makers/keys.ts';
import { goodClaims, goodToken, issuer, now, signedWith } from '../vector-makers/vector.ts';
import { createLogoutTokenVerifier, explainLogoutToken } from './logout-token.ts';
import { createMemoryReplayStore } from './replay.ts';

const event = 'http://schemas.openid.net/event/backchannel-logout';
const good: JsonObject = {
  iss: issuer,
  aud: 'login-client',
  iat: now,
  exp: now + 120,
  jti: 'one',
  sub: 'user-1',
  sid: 'session-1',
  typ: 'Logout',
  events: { [event]: {} },
};

/** A logout token but for the change; undefined leaves a claim out. */
function logoutToken(change: JsonObject = {}, header: JsonObject = {}, by = 'rs256'): string {
  const left = Object.fromEntries(Object.keys(goodClaims).map((name) => [name, undefined]));
  return signedWith(by, 'RS256', { typ: 'logout+jwt', ...header }, { ...left, ...good, ...change });
}

function client() {
  let at = now * 1000;
  const clock = (): EpochMilliseconds => epochMilliseconds(at);
  const replay = createMemoryReplayStore({ clock });
  const verifier = createLogoutTokenVerifier({
    issuer,
    audience: 'login-client',
    jwks: issuerKeySet(),
    clock,
    replay,
  });
  return {
    wait: (duration: number) => {
      at += duration * 1000;
    },
    ask: async (token: unknown): Promise<string> => {
      const verdict = await verifier.verify(token);
      if (!verdict.ok) return verdict.refusal.why === 'not-logout' ? verdict.refusal.fault : verdict.refusal.why;
      const { subject, sessionId, offlineToo } = verdict.value;
      return `${subject ?? '-'} ${sessionId ?? '-'}${offlineToo ? ' offline' : ''}`;
    },
  };
}

describe('a logout token', () => {
  it('names the person, the session, or both', async () => {
    expect(await client().ask(logoutToken())).toBe('user-1 session-1');
    expect(await client().ask(logoutToken({ sid: undefined }))).toBe('user-1 -');
    expect(await client().ask(logoutToken({ sub: undefined }))).toBe('- session-1');
    expect(await client().ask(logoutToken({ aud: ['login-client'] }))).toBe('user-1 session-1');
    expect(await client().ask(logoutToken({ events: { [event]: {}, revoke_offline_access: true } }))).toBe(
      'user-1 session-1 offline',
    );
  });

  it('may call itself logout+jwt, JWT or nothing', async () => {
    expect(await client().ask(logoutToken({}, { typ: 'application/logout+jwt' }))).toBe('user-1 session-1');
    expect(await client().ask(logoutToken({ typ: undefined }, { typ: 'JWT' }))).toBe('user-1 session-1');
    for (const typ of ['at+jwt', 'secevent+jwt', 'dpop+jwt'])
      expect(await client().ask(logoutToken({}, { typ }))).toBe('kind');
  });

  it('works once, until its end and beyond', async () => {
    const { ask, wait } = client();
    const token = logoutToken();
    expect(await ask(token)).toBe('user-1 session-1');
    expect(await ask(token)).toBe('replayed');
    expect(await ask(logoutToken({ sid: 'session-2' }))).toBe('replayed');
    expect(await ask(logoutToken({ jti: 'two' }))).toBe('user-1 session-1');
    wait(120);
    expect(await ask(token)).toBe('expired');
  });

  it('that is refused for another reason does not use up its id', async () => {
    const { ask } = client();
    expect(await ask(logoutToken({ nonce: 'n' }))).toBe('it has a nonce');
    expect(await ask(logoutToken())).toBe('user-1 session-1');
  });

  it.each([
    ['a nonce', { nonce: 'n' }, 'it has a nonce'],
    ['another audience', { aud: 'another-client' }, 'audience'],
    ['further audiences', { aud: ['login-client', 'another-client'] }, 'it is meant for others too'],
    ['no audience', { aud: undefined }, 'audience'],
    ['another issuer', { iss: `${issuer}/` }, 'issuer'],
    ['no events', { events: undefined }, 'its events have no back-channel logout'],
    ['events that are a list', { events: [event] }, 'its events have no back-channel logout'],
    ['another event', { events: { 'https://example.com/event': {} } }, 'its events have no back-channel logout'],
    ['an event that is no object', { events: { [event]: true } }, 'its events have no back-channel logout'],
    ['neither person nor session', { sub: undefined, sid: undefined }, 'it names neither a person nor a session'],
    ['an empty session', { sid: '' }, 'its sub or sid is empty'],
    ['no id', { jti: undefined }, 'it has no usable jti'],
    ['an id without end', { jti: 'x'.repeat(257) }, 'it has no usable jti'],
    ['no iat', { iat: undefined }, 'it has no iat'],
    ['no exp', { exp: undefined }, 'claim'],
    ['an exp in the past', { iat: now - 300, exp: now - 180 }, 'expired'],
    ['an iat in the future', { iat: now + 90, exp: now + 120 }, 'not-yet-valid'],
    ['a long life', { exp: now + 86_400 }, 'lifetime'],
    ['a sid that is no text', { sid: 7 }, 'claim'],
    ['the kind of an access token', { typ: 'Bearer' }, 'its typ is another'],
    ['the kind of an ID token', { typ: 'ID' }, 'its typ is another'],
  ])('with %s is refused', async (_what, change, why) => {
    expect(await client().ask(logoutToken(change))).toBe(why);
  });

  it('is not forged, by whatever means', async () => {
    const { ask } = client();
    expect(await ask(logoutToken({}, { kid: 'rs256' }, 'attacker-rsa'))).toBe('signature');
    const [, payload = ''] = logoutToken().split('.');
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'logout+jwt' })).toString('base64url');
    expect(await ask(`${none}.${payload}.AA`)).toBe('algorithm');
    expect(await ask(`${none}.${payload}.`)).toBe('malformed');
    expect(await ask(`${logoutToken()}=`)).toBe('malformed');
    for (const nothing of [undefined, '', 'x', {}, 'x'.repeat(20_000)]) {
      expect(['malformed', 'too-large']).toContain(await ask(nothing));
    }
  });

  it('is not an access token', async () => {
    expect(await client().ask(goodToken)).toBe('audience');
  });

  it('is refused in words that a log can hold', () => {
    expect(explainLogoutToken({ why: 'replayed' })).toBe('This logout token has been used before.');
    expect(explainLogoutToken({ why: 'not-logout', fault: 'it has a nonce' })).toContain('nonce');
    expect(explainLogoutToken({ why: 'claim', claim: 'exp', fault: 'missing' })).toContain('exp');
  });
});
