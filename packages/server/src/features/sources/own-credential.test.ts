import { createBreaker } from '@keyturn/exchange';
import type { GuardedFetch } from '@keyturn/net';
import { epochMilliseconds, ok, seconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { createOwnCredentials, type OwnedSource } from './own-credential.ts';

const clock = () => epochMilliseconds(1_000_000);

/** Token endpoints that are all down, and what was asked of them. */
function setUp() {
  const asked: string[] = [];
  const ask = async (url: string | URL) => {
    asked.push(String(url));
    return ok({ status: 503, headers: { get: () => null }, body: new Uint8Array(), text: () => '', url: String(url) });
  };
  const fetch: GuardedFetch = Object.assign(ask, {
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  });
  const tokenBreaker = createBreaker({ clock, failureThreshold: 1 });
  const own = createOwnCredentials({
    seal: { seal: () => 'sealed', open: () => 'secret' },
    client: undefined,
    tokenEndpoint: 'https://idp.example/token',
    tokenBreaker,
    breakerSettings: { failureThreshold: 2, recoveryTimeout: seconds(30) },
    idpFetch: fetch,
    fetch,
    clock,
  });
  return { asked, own, tokenBreaker };
}

function source(id: `src_${string}`, tokenUrl?: string): OwnedSource {
  return {
    id,
    auth: { kind: 'client-credentials', clientId: id, ...(tokenUrl === undefined ? {} : { tokenUrl }) },
    defaultAudience: undefined,
    requiredScopes: [],
    sealedSecret: 'sealed',
  };
}

describe('a token endpoint that fails', () => {
  it('is left alone by all sources that have a client there, and by no other', async () => {
    const { asked, own } = setUp();
    const [one, other] = ['https://one.example/token', 'https://other.example/token'];
    await own(source('src_a', one));
    await own(source('src_b', one));
    expect(await own(source('src_c', one))).toMatchObject({ refusal: { refusal: { why: 'breaker-open' } } });
    expect(await own(source('src_d', other))).toMatchObject({ refusal: { refusal: { why: 'unreachable' } } });
    expect(asked).toEqual([one, one, other]);
  });

  it('is left alone together with the exchanges where it is the identity provider’s', async () => {
    const { asked, own, tokenBreaker } = setUp();
    await own(source('src_a'));
    expect([tokenBreaker.state, asked.length]).toEqual(['open', 1]);
    expect(await own(source('src_b'))).toMatchObject({ refusal: { refusal: { why: 'breaker-open' } } });
    expect(asked).toHaveLength(1);
  });
});
