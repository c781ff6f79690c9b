import { createHash } from 'node:crypto';
import type { EpochMilliseconds, JsonObject } from '@keyturn/protocol';
import { epochMilliseconds, epochSeconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import type { DpopOptions, DpopRequest } from './dpop.ts';
import { createMemoryReplayStore } from './replay.ts';
import { issuerKeySet, memberOf, publicJwk, testKey } from '../vector-makers/keys.ts';
import { signToken } from '../vector-makers/sign.ts';
import { audience, goodToken, issuer, now, withClaims } from '../vector-makers/vector.ts';
import { createVerifier } from './verifier.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

// The client's key: any will do, here that of the vectors' attacker.
const key = testKey('attacker-ec');
const jwk: JsonObject = { kty: key.kty, crv: memberOf(key, 'crv'), x: memberOf(key, 'x'), y: memberOf(key, 'y') };
const jkt = sha256(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }));
const token = withClaims({ cnf: { jkt }, typ: 'DPoP' });
const url = 'https://api.example.com/orders';

interface Change {
  readonly header?: JsonObject;
  readonly claims?: JsonObject;
  readonly by?: string;
  readonly alg?: string;
}

/** A proof for a GET of `url` with `token`, but for the change; undefined leaves a member out. */
function proof({ header = {}, claims = {}, by = 'attacker-ec', alg = 'ES256' }: Change = {}): string {
  const whole = (members: JsonObject): JsonObject =>
    Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
  return signToken(
    alg,
    testKey(by),
    whole({ typ: 'dpop+jwt', alg, jwk, ...header }),
    whole({ jti: 'one', htm: 'GET', htu: url, iat: now, ath: sha256(token), ...claims }),
  );
}

/** A resource that hears one request after another. */
function resource(options: Partial<DpopOptions> = {}) {
  let at = now * 1000;
  const clock = (): EpochMilliseconds => epochMilliseconds(at);
  const dpop = { replay: createMemoryReplayStore({ clock }), ...options };
  const verifier = createVerifier({ issuer, audience, jwks: issuerKeySet(), clock, dpop });
  return {
    wait: (duration: number) => {
      at += duration * 1000;
    },
    ask: async (request: Partial<DpopRequest> = {}): Promise<string> => {
      const verdict = await verifier.verifyDpop({ token, proof: proof(), method: 'GET', url, ...request });
      if (verdict.ok) return 'accepted';
      return verdict.refusal.why === 'dpop-proof' ? verdict.refusal.fault : verdict.refusal.why;
    },
  };
}

describe('a token bound to a key', () => {
  it('is accepted with a proof of that key', async () => {
    expect(await resource().ask()).toBe('accepted');
  });

  it('is refused as a plain bearer token, and without the dpop section', async () => {
    const clock = () => epochMilliseconds(now * 1000);
    const verifier = createVerifier({ issuer, audience, jwks: issuerKeySet(), clock });
    expect(await verifier.verify(token)).toMatchObject({ refusal: { why: 'sender-constrained', by: 'jkt' } });
    const request = { token, proof: proof(), method: 'GET', url };
    expect(await verifier.verifyDpop(request)).toMatchObject({ refusal: { why: 'sender-constrained' } });
  });

  it('is refused where it is bound in a way that a proof does not answer', async () => {
    for (const cnf of [{ 'x5t#S256': 'x' }, { jkt, 'x5t#S256': 'x' }, { jkt: 5 }, null]) {
      expect(await resource().ask({ token: withClaims({ cnf }) })).toBe('sender-constrained');
    }
  });

  it('is judged like any other before its proof', async () => {
    expect(await resource().ask({ token: withClaims({ cnf: { jkt }, aud: 'other' }) })).toBe('audience');
    expect(await resource().ask({ token: `${token}=` })).toBe('malformed');
  });
});

describe('the scheme DPoP', () => {
  it('is refused for a token that is bound to no key', async () => {
    expect(await resource().ask({ token: goodToken })).toBe('not-bound');
  });
});

describe('a proof', () => {
  const refused: readonly (readonly [name: string, fault: string, change: Change])[] = [
    ['typ JWT', 'typ', { header: { typ: 'JWT' } }],
    ['typ in capitals', 'typ', { header: { typ: 'DPOP+JWT' } }],
    ['no typ', 'typ', { header: { typ: undefined } }],
    ['alg none', 'algorithm', { header: { alg: 'none' } }],
    ['HMAC', 'algorithm', { header: { alg: 'HS256' } }],
    ['no key', 'key', { header: { jwk: undefined } }],
    ['a secret as key', 'key', { header: { jwk: { kty: 'oct', k: 'AA' } } }],
    ['a private key', 'key', { header: { jwk: { ...jwk, d: memberOf(key, 'd') } } }],
    ['a short RSA key', 'key', { header: { jwk: publicJwk(testKey('short-rsa')), alg: 'RS256' } }],
    ['an algorithm for another type of key', 'key', { header: { alg: 'ES384' } }],
    ['a critical extension', 'malformed', { header: { crit: ['x'] } }],
    ['a signature by another key', 'signature', { by: 'es256' }],
    ['another key, and its signature', 'thumbprint', { by: 'es256', header: { jwk: publicJwk(testKey('es256')) } }],
    ['no jti', 'jti', { claims: { jti: undefined } }],
    ['an empty jti', 'jti', { claims: { jti: '' } }],
    ['a jti of a wrong type', 'jti', { claims: { jti: 5 } }],
    ['a huge jti', 'jti', { claims: { jti: 'x'.repeat(300) } }],
    ['another method', 'htm', { claims: { htm: 'POST' } }],
    ['the method in small letters', 'htm', { claims: { htm: 'get' } }],
    ['no method', 'htm', { claims: { htm: undefined } }],
    ['another path', 'htu', { claims: { htu: `${url}/1` } }],
    ['another host', 'htu', { claims: { htu: 'https://evil.example.com/orders' } }],
    ['another scheme', 'htu', { claims: { htu: 'http://api.example.com/orders' } }],
    ['another port', 'htu', { claims: { htu: 'https://api.example.com:8443/orders' } }],
    ['a relative URL', 'htu', { claims: { htu: '/orders' } }],
    ['a user in the URL', 'htu', { claims: { htu: 'https://me@api.example.com/orders' } }],
    ['no URL', 'htu', { claims: { htu: undefined } }],
    ['a backslash for a slash', 'htu', { claims: { htu: 'https://api.example.com\\orders' } }],
    ['white space before the URL', 'htu', { claims: { htu: ` ${url}` } }],
    ['a line end after the URL', 'htu', { claims: { htu: `${url}\n` } }],
    ['an old proof', 'iat', { claims: { iat: now - 61 } }],
    ['a proof of the future', 'iat', { claims: { iat: now + 6 } }],
    ['no iat', 'iat', { claims: { iat: undefined } }],
    ['an iat of a wrong type', 'iat', { claims: { iat: `${now}` } }],
    ['no ath', 'ath', { claims: { ath: undefined } }],
    ['the ath of another token', 'ath', { claims: { ath: sha256(goodToken) } }],
  ];
  it.each(refused)('is refused with %s', async (_name, fault, change) => {
    expect(await resource().ask({ proof: proof(change) })).toBe(fault);
  });

  it('is refused when it is missing, double or no JWT', async () => {
    const { ask } = resource();
    expect(await ask({ proof: undefined })).toBe('missing');
    expect(await ask({ proof: [proof(), proof({ claims: { jti: 'two' } })] })).toBe('several');
    expect(await ask({ proof: `${proof()}, ${proof()}` })).toBe('several');
    for (const text of ['', 'x', 'a.b.c', `${proof()}=`, `${proof()} `, 'x'.repeat(9000)]) {
      expect(await ask({ proof: text })).toBe('malformed');
    }
  });

  it.each([
    ['the host in capitals', 'https://API.example.com/orders'],
    ['the port spelled out', 'https://api.example.com:443/orders'],
    ['a query', `${url}?page=2`],
    ['a fragment', `${url}#top`],
    ['letters escaped without need', 'https://api.example.com/%6frders'],
    ['dot segments', 'https://api.example.com/x/../orders'],
  ])('fits the URL with %s', async (_name, htu) => {
    expect(await resource().ask({ proof: proof({ claims: { htu } }) })).toBe('accepted');
  });

  it('fits a URL whose escapes differ in letter case', async () => {
    const request = { proof: proof({ claims: { htu: `${url}/%c3%a9` } }), url: `${url}/%C3%A9?x=1` };
    expect(await resource().ask(request)).toBe('accepted');
  });

  it('works once', async () => {
    const { ask, wait } = resource();
    expect(await ask()).toBe('accepted');
    expect(await ask()).toBe('replayed');
    wait(30);
    expect(await ask()).toBe('replayed');
    expect(await ask({ proof: proof({ claims: { jti: 'two' } }) })).toBe('accepted');
    wait(31);
    expect(await ask()).toBe('iat');
  });

  it('is not used up by a request that fails in another way', async () => {
    const { ask } = resource();
    expect(await ask({ method: 'POST' })).toBe('htm');
    expect(await ask()).toBe('accepted');
  });

  it('is refused while the store of used proofs does not answer', async () => {
    expect(await resource({ replay: { claim: () => Promise.reject(new Error('down')) } }).ask()).toBe('replay-unknown');
  });

  it('is refused while the source of nonces does not answer', async () => {
    const down = (): never => {
      throw new Error('down');
    };
    for (const nonces of [
      { current: down, accepts: () => false },
      { current: () => 'n', accepts: down },
    ]) {
      expect(await resource({ nonces }).ask({ proof: proof({ claims: { nonce: 'n' } }) })).toBe('nonce-unknown');
    }
  });

  it('is missing where a web Headers object says null', async () => {
    expect(await resource().ask({ proof: new Headers().get('dpop') })).toBe('missing');
  });

  it('must carry the nonce of the server where there is one', async () => {
    const { ask } = resource({ nonces: { current: () => 'n2', accepts: (nonce) => nonce === 'n2' || nonce === 'n1' } });
    expect(await ask()).toBe('dpop-nonce');
    expect(await ask({ proof: proof({ claims: { nonce: 'old' } }) })).toBe('dpop-nonce');
    expect(await ask({ proof: proof({ claims: { nonce: 'n1' } }) })).toBe('accepted');
  });

  it('is held to the list of algorithms', async () => {
    expect(await resource({ algorithms: ['EdDSA'] }).ask()).toBe('algorithm');
  });
});

describe('the memory of used proofs', () => {
  it('claims nothing more when it is full of fresh ones, and forgets old ones', () => {
    let at = 0;
    const store = createMemoryReplayStore({ clock: () => epochMilliseconds(at), maxEntries: 2 });
    expect([
      store.claim('a', epochSeconds(10)),
      store.claim('b', epochSeconds(10)),
      store.claim('c', epochSeconds(10)),
    ]).toEqual([true, true, false]);
    at = 10_000;
    expect(store.claim('c', epochSeconds(20))).toBe(true);
    expect(store.claim('a', epochSeconds(20))).toBe(true);
  });
});
