import type { EpochMilliseconds, Principal } from '@keyturn/protocol';
import { epochMilliseconds, epochSeconds, seconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import type { Fetch } from '../keys/key-source.ts';
import { issuerKeySet } from '../../vector-makers/keys.ts';
import { audience, goodClaims, goodToken, issuer, now } from '../../vector-makers/vector.ts';
import { createVerifier } from '../verifier.ts';
import { readEventStream } from './event-stream.ts';
import { createIntrospectionSource } from './introspection-source.ts';
import { parseRevocation } from './revocation-event.ts';
import { createRevocationList } from './revocation-list.ts';
import type { OpenStream, RevocationStreamOptions } from './stream.ts';
import { openRevocationStream } from './stream.ts';

function principal(change: Partial<Principal> = {}): Principal {
  const verdict = createVerifier({
    issuer,
    audience,
    jwks: issuerKeySet(),
    clock: () => epochMilliseconds(now * 1000),
  }).verifySync(goodToken);
  if (verdict?.ok !== true) throw new Error('not good');
  const { value } = verdict;
  return { ...value, claims: value.claims, roles: value.roles, ...change };
}

async function read(...chunks: readonly (string | Uint8Array)[]): Promise<readonly unknown[]> {
  async function* bytes() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  }
  const items: unknown[] = [];
  for await (const item of readEventStream(bytes())) items.push(item);
  return items;
}

describe('a stream of events', () => {
  const event = { kind: 'event', name: 'revocation', data: '{}', id: undefined };

  it('is read however it is cut', async () => {
    const text = ':hi\r\nevent: revocation\r\ndata: {"ä":\r\ndata:1}\r\nid: 7\r\n\r\n';
    const bytes = Buffer.from(text);
    const expected = [{ kind: 'comment' }, { ...event, data: '{"ä":\n1}', id: '7' }];
    expect(await read(text)).toEqual(expected);
    for (let at = 1; at < bytes.length; at++) {
      expect(await read(bytes.subarray(0, at), bytes.subarray(at))).toEqual(expected);
    }
    expect(await read(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  it('ends lines in any of three ways', async () => {
    for (const end of ['\n', '\r', '\r\n']) {
      const items = await read(`event:revocation${end}data:{}${end}${end}:${end}:${end}`);
      expect(items[0]).toEqual(event);
    }
  });

  it('gives no event without data, and names those without a name', async () => {
    expect(await read('event: revocation\n\n')).toEqual([]);
    expect(await read('data: x\n\n')).toEqual([{ ...event, name: 'message', data: 'x' }]);
  });

  it('is given up when a line or an event is too long, or not UTF-8', async () => {
    await expect(read('x'.repeat(70_000))).rejects.toThrow(RangeError);
    await expect(read('data:x\n'.repeat(100))).rejects.toThrow(RangeError);
    await expect(read(Uint8Array.of(0xff, 0x0a))).rejects.toThrow(TypeError);
  });
});

describe('a revocation', () => {
  it('is read from its data', () => {
    expect(parseRevocation('{"kind":"jti","value":"x"}')).toEqual({ kind: 'jti', value: 'x' });
    expect(parseRevocation('{"kind":"all","issuer":"i","before":5,"more":1}')).toEqual({
      kind: 'all',
      value: '',
      issuer: 'i',
      before: 5,
    });
  });

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '{"kind":"jti"}',
    '{"kind":"jti","value":""}',
    '{"kind":"jti","value":5}',
    '{"kind":"banana","value":"x"}',
    '{"kind":"sub","value":"x","before":"5"}',
    '{"kind":"sub","value":"x","before":1e999}',
    '{"kind":"sub","value":"x","until":"5"}',
    '{"kind":"sub","value":"x","until":-1e999}',
    '{"kind":"sub","value":"x","issuer":5}',
    '{"kind":["jti"],"value":"x"}',
  ])('that cannot be told is none: %s', (data) => {
    expect(parseRevocation(data)).toBeUndefined();
  });

  it.each([
    [{ kind: 'jti', value: goodClaims.jti }, 'jti'],
    [{ kind: 'sid', value: goodClaims.sid }, 'sid'],
    [{ kind: 'sub', value: goodClaims.sub }, 'sub'],
    [{ kind: 'client', value: 'agent-1' }, 'client'],
    [{ kind: 'pat', value: goodClaims.jti }, 'pat'],
    [{ kind: 'all', value: '' }, 'all'],
    [{ kind: 'sub', value: goodClaims.sub, issuer }, 'sub'],
    [{ kind: 'sub', value: goodClaims.sub, before: epochSeconds(now) }, 'sub'],
    [{ kind: 'sub', value: goodClaims.sub, issuer: 'https://other.example.com' }, undefined],
    [{ kind: 'sub', value: goodClaims.sub, before: epochSeconds(now - 10) }, undefined],
    [{ kind: 'jti', value: goodClaims.sub }, undefined],
    [{ kind: 'sub', value: 'somebody-else' }, undefined],
  ] as const)('hits the tokens it names and no others: %j', (revocation, kind) => {
    const list = createRevocationList(10);
    list.add(revocation, epochSeconds(now));
    expect(list.hit(principal())).toBe(kind);
  });

  it('with a second hits a token that does not say when it was issued', () => {
    const list = createRevocationList(10);
    list.add({ kind: 'sub', value: goodClaims.sub, before: epochSeconds(5) }, epochSeconds(now));
    expect(list.hit(principal({ issuedAt: undefined }))).toBe('sub');
  });

  it('said again with an earlier second does not undo the later one', () => {
    const list = createRevocationList(1);
    list.add({ kind: 'sub', value: goodClaims.sub, before: epochSeconds(now) }, epochSeconds(now));
    expect(list.add({ kind: 'sub', value: goodClaims.sub, before: epochSeconds(1) }, epochSeconds(now))).toBe(true);
    expect(list.hit(principal())).toBe('sub');
    expect(list.add({ kind: 'sid', value: 'x' }, epochSeconds(now))).toBe(false);
  });

  it('makes room once all the tokens that it means have ended, tolerance included, and not before', () => {
    const list = createRevocationList(1);
    const until = epochSeconds(now + 60);
    list.add({ kind: 'jti', value: goodClaims.jti, until }, epochSeconds(now));
    const next = { kind: 'jti', value: 'another', until } as const;
    expect(list.add(next, epochSeconds(now + 360))).toBe(false);
    expect(list.hit(principal())).toBe('jti');
    expect(list.add(next, epochSeconds(now + 361))).toBe(true);
  });

  it('said without an end outlives the same with one', () => {
    const list = createRevocationList(1);
    list.add({ kind: 'sid', value: goodClaims.sid, until: epochSeconds(now) }, epochSeconds(now));
    list.add({ kind: 'sid', value: goodClaims.sid }, epochSeconds(now));
    expect(list.add({ kind: 'sid', value: 'x' }, epochSeconds(now + 1e6))).toBe(false);
    expect(list.hit(principal())).toBe('sid');
  });
});

/** A stream whose server is the test. */
function server(options: Partial<RevocationStreamOptions> = {}) {
  let at = now * 1000;
  const opened: { readonly headers: Readonly<Record<string, string>> }[] = [];
  let send: (text: string) => void = () => {};
  let end: () => void = () => {};
  const open: OpenStream = (_url, request) => {
    opened.push(request);
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        send = (text) => controller.enqueue(Buffer.from(text));
        end = () => controller.close();
        request.signal.addEventListener('abort', () => controller.error(new Error('aborted')));
      },
    });
    return Promise.resolve(stream);
  };
  const clock = (): EpochMilliseconds => epochMilliseconds(at);
  const stream = openRevocationStream({
    url: 'https://keyturn/api/v1/revocations',
    clock,
    open,
    retryEvery: seconds(0.001),
    ...options,
  });
  const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
  return {
    stream,
    opened,
    clock,
    send: async (text: string) => {
      send(text);
      await settle();
    },
    end: async () => {
      end();
      await settle();
      await settle();
    },
    settle,
    wait: (duration: number) => {
      at += duration * 1000;
    },
    standing: () => {
      const standing = stream.check(principal(), goodToken, clock());
      return standing instanceof Promise ? 'late' : standing.standing;
    },
    epoch: () => stream.epochAt(clock()),
  };
}

const ofSubject = `event: revocation\nid: 1\ndata: {"kind":"sub","value":"${goodClaims.sub}"}\n\n`;

describe('Keyturn’s stream of revocations', () => {
  it('is deaf until something is heard, and after too long a silence', async () => {
    const house = server();
    await house.settle();
    expect(house.standing()).toBe('unknown');
    await house.send(':\n');
    expect(house.standing()).toBe('good');
    house.wait(15);
    expect(house.standing()).toBe('good');
    house.wait(1);
    expect(house.standing()).toBe('unknown');
    await house.send(':\n');
    expect(house.standing()).toBe('good');
    await house.stream.close();
  });

  it('is deaf when the clock was set back, until something is heard', async () => {
    const house = server();
    await house.settle();
    await house.send(':\n');
    house.wait(-86_400);
    expect(house.standing()).toBe('unknown');
    await house.send(':\n');
    expect(house.standing()).toBe('good');
    await house.stream.close();
  });

  it('moves its epoch with each revocation, and with deafness', async () => {
    const house = server();
    await house.settle();
    await house.send(':\n');
    const before = house.epoch();
    expect(house.standing()).toBe('good');
    await house.send(ofSubject);
    expect(house.epoch()).not.toBe(before);
    expect(house.standing()).toBe('revoked');
    const after = house.epoch();
    house.wait(60);
    expect(house.epoch()).not.toBe(after);
    expect(house.standing()).toBe('revoked');
    await house.stream.close();
  });

  it('connects again where it left off', async () => {
    const house = server({ headers: () => ({ authorization: 'Bearer x' }) });
    await house.settle();
    await house.send(ofSubject);
    await house.end();
    expect(house.opened.length).toBeGreaterThan(1);
    expect(house.opened[0]?.headers).toEqual({ accept: 'text/event-stream', authorization: 'Bearer x' });
    expect(house.opened.at(-1)?.headers).toMatchObject({ 'last-event-id': '1' });
    expect(house.standing()).toBe('revoked');
    await house.stream.close();
  });

  it('cannot tell any more once it missed a revocation', async () => {
    for (const missed of [
      'event: revocation\ndata: {"kind":"galaxy","value":"x"}\n\n',
      'event: revocation\ndata: ?\n\n',
    ]) {
      const house = server();
      await house.settle();
      await house.send(missed);
      await house.send(':\n');
      expect(house.standing()).toBe('unknown');
      await house.stream.close();
    }
  });

  it('cannot tell any more once there are too many to keep in mind', async () => {
    const house = server({ maxEntries: 1 });
    await house.settle();
    await house.send('event: revocation\ndata: {"kind":"jti","value":"a"}\n\n');
    expect(house.standing()).toBe('good');
    await house.send('event: revocation\ndata: {"kind":"jti","value":"b"}\n\n');
    expect(house.standing()).toBe('unknown');
    await house.stream.close();
  });

  it('leaves events of other names aside', async () => {
    const house = server();
    await house.settle();
    await house.send('event: weather\ndata: rain\n\n');
    expect(house.standing()).toBe('good');
    await house.stream.close();
  });

  it('says why it has no connection, and tries again', async () => {
    const faults: string[] = [];
    const stream = openRevocationStream({
      url: 'https://keyturn/',
      open: () => Promise.reject(new Error('no route')),
      onFault: (fault) => faults.push(fault),
      retryEvery: seconds(0.001),
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await stream.close();
    expect(faults.length).toBeGreaterThan(1);
    expect(faults[0]).toBe('no route');
  });

  it('reaches a verifier, and the token that it remembers', async () => {
    const house = server();
    await house.settle();
    await house.send(':\n');
    const verifier = createVerifier({
      issuer,
      audience,
      jwks: issuerKeySet(),
      clock: house.clock,
      revocation: house.stream,
    });
    expect(verifier.verifySync(goodToken)?.ok).toBe(true);
    await house.send(ofSubject);
    expect(verifier.verifySync(goodToken)).toMatchObject({ ok: false, refusal: { why: 'revoked', by: 'sub' } });
    await house.stream.close();
  });
});

describe('Keyturn’s introspection as a source of revocations', () => {
  function source(answer: () => Awaited<ReturnType<Fetch>>) {
    let at = now * 1000;
    let asked = 0;
    const fetch: Fetch = () => {
      asked++;
      return Promise.resolve(answer());
    };
    const clock = (): EpochMilliseconds => epochMilliseconds(at);
    const revocation = createIntrospectionSource({
      endpoint: 'https://keyturn/oauth2/introspect',
      clientId: 'a',
      clientSecret: 'b',
      fetch,
      clock,
    });
    const verifier = createVerifier({ issuer, audience, jwks: issuerKeySet(), clock, revocation });
    return {
      asked: () => asked,
      wait: (duration: number) => {
        at += duration * 1000;
      },
      say: async () => {
        const verdict = await verifier.verify(goodToken);
        return verdict.ok ? 'good' : verdict.refusal.why;
      },
    };
  }
  const answer = (body: string) => ({ ok: true as const, value: { status: 200, text: () => body } });

  it('is asked once a second about a token, and believed', async () => {
    let active = true;
    const { say, asked, wait } = source(() => answer(`{"active":${active}}`));
    for (let i = 0; i < 5; i++) expect(await say()).toBe('good');
    expect(asked()).toBe(1);
    active = false;
    expect(await say()).toBe('good');
    wait(1);
    expect(await say()).toBe('revoked');
  });

  it('cannot tell while it is down, and is asked once a second then', async () => {
    const { say, asked, wait } = source(() => ({
      ok: false,
      refusal: { why: 'dns', host: 'keyturn', code: 'ENOTFOUND' },
    }));
    for (let i = 0; i < 5; i++) expect(await say()).toBe('revocation-unknown');
    expect(asked()).toBe(1);
    wait(1);
    expect(await say()).toBe('revocation-unknown');
    expect(asked()).toBe(2);
  });
});
