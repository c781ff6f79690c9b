import { describe, expect, it } from 'vitest';
import { answer, fakeEndpoint, standingClock } from './fake-endpoint.ts';
import { createTokenSource } from './token-source.ts';

function setUp(reply: Parameters<typeof fakeEndpoint>[0] = () => undefined) {
  const clock = standingClock();
  const { fetch, asked } = fakeEndpoint(reply);
  const client = { tokenEndpoint: 'https://idp.example/token', clientId: 'agent', clientSecret: 's3cret' };
  return {
    clock,
    asked,
    source: createTokenSource({ ...client, fetch, clock, scopes: ['aip'], resource: 'https://aip' }),
  };
}

describe("an agent's own token", () => {
  it('is asked for by client_credentials, once however many want it', async () => {
    const { asked, source } = setUp();
    await Promise.all([source.token(), source.token(), source.token()]);
    await source.token();
    expect(asked).toHaveLength(1);
    expect(asked[0]?.get('grant_type')).toBe('client_credentials');
    expect(asked[0]?.get('scope')).toBe('aip');
    expect(asked[0]?.get('resource')).toBe('https://aip');
    expect(asked[0]?.has('audience')).toBe(false);
  });

  it('is replaced a minute before it ends', async () => {
    const { clock, source } = setUp();
    await source.token();
    clock.advance(239);
    expect(await source.token()).toMatchObject({ value: { token: 'token-1' } });
    clock.advance(1);
    expect(await source.token()).toMatchObject({ value: { token: 'token-2' } });
  });

  it('is given on while a new one cannot be had, until it really ends', async () => {
    const { clock, source } = setUp((_, count) => (count === 1 ? undefined : answer(503, '')));
    await source.token();
    clock.advance(299);
    expect(await source.token()).toMatchObject({ value: { token: 'token-1' } });
    clock.advance(1);
    expect(await source.token()).toMatchObject({ refusal: { why: 'unreachable', status: 503 } });
  });

  it('is thrown away when a server would not have it', async () => {
    const { source } = setUp();
    await source.token();
    source.forget();
    expect(await source.token()).toMatchObject({ value: { token: 'token-2' } });
  });

  it('is not asked for again at once where it was refused, but for a client whose secret may be rotating', async () => {
    for (const [status, asks] of [
      [400, 1],
      [403, 1],
      [401, 2],
    ] as const) {
      const { clock, asked, source } = setUp(() => answer(status, '{"error":"unauthorized_client"}'));
      await source.token();
      clock.advance(4);
      expect(await source.token()).toMatchObject({ refusal: { why: 'refused', status } });
      expect(asked, String(status)).toHaveLength(asks);
      clock.advance(1);
      await source.token();
      expect(asked).toHaveLength(asks + 1);
    }
  });
});
