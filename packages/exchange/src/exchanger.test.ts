import { bytes, epochSeconds, milliseconds, seconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import type { ExchangeEvent } from './events.ts';
import type { ExchangerOptions } from './exchanger.ts';
import { createExchanger } from './exchanger.ts';
import { answer, fakeEndpoint, fakeJwt, standingClock, tokenAnswer } from './fake-endpoint.ts';

type Reply = Parameters<typeof fakeEndpoint>[0];

function setUp(reply: Reply = () => undefined, options: Partial<ExchangerOptions> = {}) {
  const clock = standingClock();
  const { fetch, asked } = fakeEndpoint(reply);
  const events: ExchangeEvent[] = [];
  const exchanger = createExchanger({
    tokenEndpoint: 'https://idp.example/token',
    clientId: 'tools-provider',
    clientSecret: 's3cret',
    fetch,
    clock,
    onEvent: (event) => events.push(event),
    ...options,
  });
  const exchange = (more: Partial<Parameters<typeof exchanger.exchange>[0]> = {}) =>
    exchanger.exchange({ subjectToken: 'johndoe', audience: 'pizzeria-backend', ...more });
  return { clock, asked, events, exchanger, exchange };
}
const refused = (status: number) => answer(status, { error: 'invalid_request', error_description: 'Invalid token' });

describe('an exchanged token', () => {
  it('is kept until a minute before its end, and asked for again then', async () => {
    const { clock, asked, exchange } = setUp();
    expect(await exchange()).toMatchObject({ value: { token: 'token-1', fromCache: false } });
    clock.advance(190);
    expect(await exchange()).toMatchObject({ value: { token: 'token-1', fromCache: true } });
    clock.advance(50);
    expect(await exchange()).toMatchObject({ value: { token: 'token-2', fromCache: false } });
    expect(asked).toHaveLength(2);
  });

  it('is never kept past the end of the token that it came from', async () => {
    const { clock, asked, exchange } = setUp();
    const subjectExpiresAt = epochSeconds(clock.seconds() + 150);
    await exchange({ subjectExpiresAt });
    clock.advance(89);
    await exchange({ subjectExpiresAt });
    expect(asked).toHaveLength(1);
    clock.advance(1);
    await exchange({ subjectExpiresAt });
    expect(asked).toHaveLength(2);
  });

  it("takes the subject's end from its token if nobody says it", async () => {
    const { clock, asked, exchange } = setUp();
    const subjectToken = fakeJwt({ exp: clock.seconds() + 150 });
    await exchange({ subjectToken });
    clock.advance(91);
    await exchange({ subjectToken });
    expect(asked).toHaveLength(2);
  });

  it('with a life shorter than the buffer is kept for half of it', async () => {
    const { clock, asked, exchange } = setUp(() => tokenAnswer('short', { expires_in: 40 }));
    await exchange();
    clock.advance(15);
    await exchange();
    expect(asked).toHaveLength(1);
    clock.advance(5);
    await exchange();
    expect(asked).toHaveLength(2);
  });

  it.each([undefined, -1, 0, null, 'never'])(
    'with expires_in %s and no exp is used once and not kept',
    async (expires) => {
      const { asked, exchange, exchanger } = setUp(() => tokenAnswer('opaque', { expires_in: expires }));
      expect((await exchange()).ok).toBe(true);
      expect((await exchange()).ok).toBe(true);
      expect(asked).toHaveLength(2);
      expect(exchanger.size).toBe(0);
    },
  );

  it('is renewed ahead in its last fifth, while the callers go on with the old', async () => {
    const { clock, asked, exchange } = setUp();
    await exchange();
    clock.advance(195);
    expect(await exchange()).toMatchObject({ value: { token: 'token-1', fromCache: true } });
    await Promise.resolve();
    expect(asked).toHaveLength(2);
    clock.advance(60);
    expect(await exchange()).toMatchObject({ value: { token: 'token-2', fromCache: true } });
    expect(asked).toHaveLength(2);
  });

  it('is used to its end if renewing ahead fails, without asking at each call', async () => {
    const { clock, asked, exchange } = setUp((_, count) => (count === 2 ? answer(500, '') : undefined));
    await exchange();
    clock.advance(195);
    for (let i = 0; i < 5; i++) expect(await exchange()).toMatchObject({ value: { token: 'token-1' } });
    expect(asked).toHaveLength(2);
  });
});

describe('the cache', () => {
  it('knows subject, audience, scopes, actor and resource apart, and the order of scopes not', async () => {
    const { asked, exchange } = setUp();
    const calls = [
      {},
      { subjectToken: 'janedoe' },
      { audience: 'orders' },
      { scopes: ['a', 'b'] },
      { scopes: ['a b'] },
      { actorToken: 'robot' },
      { resource: 'robot' },
    ];
    for (const call of calls) await exchange(call);
    expect(asked).toHaveLength(calls.length);
    expect(await exchange({ scopes: ['b', 'a'] })).toMatchObject({ value: { fromCache: true } });
  });

  it('does not take one pair of token and audience for another that joins to the same text', async () => {
    const { asked, exchange } = setUp();
    await exchange({ subjectToken: 'ab', audience: 'c' });
    await exchange({ subjectToken: 'a', audience: 'bc' });
    await exchange({ subjectToken: 'a","b', audience: 'c' });
    expect(asked).toHaveLength(3);
  });

  it('is bounded', async () => {
    const { exchange, exchanger } = setUp(undefined, { cacheEntries: 10 });
    for (let i = 0; i < 50; i++) await exchange({ subjectToken: `user-${i}`, tags: { sub: 'all' } });
    expect(exchanger.size).toBe(10);
    expect(exchanger.drop({ sub: 'all' })).toBe(10);
  });

  it.each([
    { jti: 'j1' },
    { sid: 's1' },
    { sub: 'u1' },
    { pat: 'pat_1' },
    { audience: 'pizzeria-backend' },
    { sub: 'u1', audience: 'pizzeria-backend' },
    'all' as const,
  ])('forgets by %j, and only what carries it', async (selector) => {
    const { exchange, exchanger } = setUp();
    await exchange({ tags: { jti: 'j1', sid: 's1', sub: 'u1', pat: 'pat_1' } });
    await exchange({
      subjectToken: 'other',
      audience: 'orders',
      tags: { jti: 'j2', sid: 's2', sub: 'u2', pat: 'pat_2' },
    });
    expect(exchanger.drop(selector)).toBe(selector === 'all' ? 2 : 1);
    expect(await exchange()).toMatchObject({ value: { fromCache: false } });
  });

  it('forgets nothing by a tag without a value', async () => {
    const { exchange, exchanger } = setUp();
    await exchange();
    expect(exchanger.drop({ sid: undefined })).toBe(0);
    expect(exchanger.size).toBe(1);
  });

  it('does not keep what was dropped while it was being asked for, and nobody joins that exchange', async () => {
    const gate = Promise.withResolvers<void>();
    const { exchange, exchanger, asked } = setUp(async (_, count) => {
      if (count === 1) await gate.promise;
      return tokenAnswer(`token-${count}`);
    });
    const first = exchange({ tags: { sid: 's1' } });
    exchanger.drop({ sid: 's1' });
    const second = await exchange({ tags: { sid: 's1' } });
    gate.resolve();
    await first;
    expect(asked).toHaveLength(2);
    expect(second).toMatchObject({ value: { token: 'token-2' } });
    expect(await exchange()).toMatchObject({ value: { token: 'token-2', fromCache: true } });
  });

  it('forgets one token when the upstream would not have it', async () => {
    const { exchange, exchanger } = setUp();
    await exchange();
    await exchange({ audience: 'orders' });
    exchanger.forget({ subjectToken: 'johndoe', audience: 'pizzeria-backend' });
    expect(await exchange()).toMatchObject({ value: { token: 'token-3' } });
    expect(await exchange({ audience: 'orders' })).toMatchObject({ value: { token: 'token-2' } });
  });
});

describe('many callers at once', () => {
  it('share one exchange', async () => {
    const { asked, exchange } = setUp();
    const all = await Promise.all(Array.from({ length: 20 }, () => exchange()));
    expect(asked).toHaveLength(1);
    expect(all.filter((one) => one.ok && !one.value.fromCache)).toHaveLength(1);
  });

  it('are not hurt by one of them that gives up', async () => {
    const gate = Promise.withResolvers<void>();
    const { asked, exchange } = setUp(async () => {
      await gate.promise;
      return undefined;
    });
    const abort = new AbortController();
    const impatient = exchange({ signal: abort.signal });
    const patient = exchange();
    abort.abort();
    expect(await impatient).toMatchObject({ refusal: { why: 'unreachable', detail: 'aborted' } });
    gate.resolve();
    expect(await patient).toMatchObject({ value: { token: 'token-1' } });
    expect(asked).toHaveLength(1);
  });
});

describe('a refusal', () => {
  it.each([400, 403])('with %i is repeated for five seconds without asking', async (status) => {
    const { clock, asked, exchange } = setUp(() => refused(status));
    const first = await exchange();
    expect(await exchange()).toEqual(first);
    expect(asked).toHaveLength(1);
    clock.advance(5);
    await exchange();
    expect(asked).toHaveLength(2);
  });

  it.each([401, 429, 500])('with %i is asked again', async (status) => {
    const { asked, exchange } = setUp(() => refused(status));
    await exchange();
    await exchange();
    expect(asked).toHaveLength(2);
  });

  it('is not kept if that is turned off, nor for another caller', async () => {
    const off = setUp(() => refused(400), { refusalTtl: seconds(0) });
    await off.exchange();
    await off.exchange();
    expect(off.asked).toHaveLength(2);
    const on = setUp(() => refused(400));
    await on.exchange();
    await on.exchange({ subjectToken: 'janedoe' });
    expect(on.asked).toHaveLength(2);
  });

  it('comes without asking where no audience is given', async () => {
    const { asked, exchange } = setUp();
    expect(await exchange({ audience: '' })).toMatchObject({ refusal: { why: 'refused', error: 'invalid_target' } });
    expect(asked).toHaveLength(0);
  });

  it('and every event are free of tokens and secrets', async () => {
    const { events, exchange } = setUp((_, count) => (count === 1 ? undefined : refused(400)));
    const subjectToken = fakeJwt({ sub: 'johndoe' });
    await exchange({ subjectToken });
    const refusal = await exchange({ subjectToken, audience: 'orders' });
    const text = JSON.stringify([events, refusal]);
    for (const secret of [subjectToken, 's3cret', 'token-1']) expect(text).not.toContain(secret);
  });
});

describe('the breaker', () => {
  const at = { host: 'idp.example', port: 443 };
  const fault = { why: 'connect', ...at, code: 'ECONNREFUSED' } as const;

  it('opens after five faults in a row, and then refuses at once with the time to wait', async () => {
    const { clock, asked, exchange, exchanger, events } = setUp(() => fault);
    for (let i = 0; i < 5; i++) expect(await exchange()).toMatchObject({ refusal: { why: 'unreachable' } });
    expect(exchanger.breaker.state).toBe('open');
    clock.advance(10);
    expect(await exchange()).toEqual({ ok: false, refusal: { why: 'breaker-open', retryAfter: 20 } });
    expect(asked).toHaveLength(5);
    expect(events).toContainEqual({ kind: 'breaker', state: 'open' });
  });

  it('lets exactly one through after the recovery time, and closes if that one succeeds', async () => {
    const gate = Promise.withResolvers<void>();
    const { clock, asked, exchange, exchanger } = setUp(async (_, count) => {
      if (count <= 5) return fault;
      await gate.promise;
      return undefined;
    });
    for (let i = 0; i < 5; i++) await exchange();
    clock.advance(30);
    expect(exchanger.breaker.state).toBe('half-open');
    const probe = exchange();
    expect(await exchange({ audience: 'orders' })).toEqual({
      ok: false,
      refusal: { why: 'breaker-open', retryAfter: 1 },
    });
    gate.resolve();
    expect((await probe).ok).toBe(true);
    expect(asked).toHaveLength(6);
    expect(exchanger.breaker.state).toBe('closed');
  });

  it('opens again if that one fails, and closes if the server merely says no', async () => {
    const { clock, exchange, exchanger } = setUp((_, count) => (count <= 6 ? fault : refused(400)));
    for (let i = 0; i < 5; i++) await exchange();
    clock.advance(30);
    await exchange();
    expect(exchanger.breaker.state).toBe('open');
    expect(exchanger.breaker.retryAfter).toBe(30);
    clock.advance(30);
    await exchange();
    expect(exchanger.breaker.state).toBe('closed');
  });

  it.each([400, 401, 403, 404, 429])('never opens for %i, however many callers err', async (status) => {
    const { exchange, exchanger } = setUp(() => refused(status));
    for (let i = 0; i < 20; i++) await exchange({ subjectToken: `bad-${i}` });
    expect(exchanger.breaker.state).toBe('closed');
  });

  it.each([
    ['5xx', answer(503, '')],
    ['no connection', fault],
    ['no answer in time', { why: 'timeout', ...at, limit: milliseconds(10), phase: 'headers', sent: true } as const],
    ['an answer without end', { why: 'too-large', ...at, limit: bytes(10) } as const],
    ['HTML', answer(200, '<html>')],
  ])('opens for %s', async (_case, reply) => {
    const { exchange, exchanger } = setUp(() => reply, { breaker: { failureThreshold: 2 } });
    await exchange();
    await exchange();
    expect(exchanger.breaker.state).toBe('open');
  });

  it('leaves kept tokens usable while it is open', async () => {
    const { exchange } = setUp((_, count) => (count === 1 ? undefined : fault));
    await exchange();
    for (let i = 0; i < 6; i++) await exchange({ audience: 'orders' });
    expect(await exchange()).toMatchObject({ value: { token: 'token-1', fromCache: true } });
  });

  it('is closed by hand', async () => {
    const { exchange, exchanger } = setUp((_, count) => (count <= 5 ? fault : undefined));
    for (let i = 0; i < 5; i++) await exchange();
    exchanger.breaker.reset();
    expect(exchanger.breaker.state).toBe('closed');
    expect((await exchange()).ok).toBe(true);
  });
});
