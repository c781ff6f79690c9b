import { inspect } from 'node:util';
import type { EpochMilliseconds } from '@keyturn/protocol';
import { epochMilliseconds, seconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import type { Fetch } from './keys/key-source.ts';
import type { VerifierOptions } from './verifier-options.ts';
import type { RevocationSource, Standing } from './revocation/source.ts';
import { issuerKeySet, publicJwk, testKey } from '../vector-makers/keys.ts';
import { signToken } from '../vector-makers/sign.ts';
import { audience, goodClaims, goodToken, issuer, now, signedWith, withClaims } from '../vector-makers/vector.ts';
import type { Verdict } from './verdict.ts';
import { createVerifier } from './verifier.ts';

const jwks = issuerKeySet();

/** A clock that moves when told to. */
function time() {
  let at = now * 1000;
  return {
    clock: (): EpochMilliseconds => epochMilliseconds(at),
    wait: (duration: number) => {
      at += duration * 1000;
    },
  };
}

function build(options: Partial<VerifierOptions> = {}) {
  const { clock, wait } = time();
  return { verifier: createVerifier({ issuer, audience, jwks, clock, ...options }), wait };
}

/** A verdict in a word. */
const said = (verdict: Verdict | undefined): string =>
  verdict === undefined ? 'ask' : verdict.ok ? verdict.value.identity : verdict.refusal.why;

describe('a verifier', () => {
  it('gives the facts of a good token, frozen', async () => {
    const { verifier } = build();
    const verdict = await verifier.verify(
      withClaims({ resource_access: { tools: { roles: ['caller'] }, odd: { roles: 'admin' }, none: null } }),
    );
    if (!verdict.ok) throw new Error('refused');
    const { value } = verdict;
    const all = {
      issuer,
      identity: goodClaims.sub,
      subject: goodClaims.sub,
      client: 'agent-1',
      serviceAccount: false,
      audiences: [audience, 'account'],
      scopes: ['openid', 'profile'],
      roles: { realm: ['operator'], clients: { tools: ['caller'], odd: [], none: [] } },
      tokenId: goodClaims.jti,
      sessionId: goodClaims.sid,
      issuedAt: now - 10,
      expiresAt: now + 300,
      claims: expect.objectContaining({ typ: 'Bearer', realm_access: { roles: ['operator'] } }) as unknown,
    };
    expect(value).toMatchObject(all);
    // Printed and logged it says all, too.
    expect(JSON.parse(JSON.stringify(value))).toEqual(all);
    expect(inspect(value)).toContain("realm: [ 'operator' ]");
    for (const part of [
      value,
      value.roles,
      value.roles.clients,
      value.roles.realm,
      value.scopes,
      value.audiences,
      value.claims,
      value.claims.realm_access,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(value.roles.clients.constructor).toBeUndefined();
  });

  it('judges at once where the keys are at hand', () => {
    const { verifier } = build();
    expect(said(verifier.verifySync(goodToken))).toBe(goodClaims.sub);
    expect(said(verifier.verifySync(`${goodToken}=`))).toBe('malformed');
  });

  it.each([undefined, null, 0, {}, [], Symbol('token')])('refuses what is no text: %s', async (token) => {
    const { verifier } = build();
    expect(said(await verifier.verify(token as never))).toBe('malformed');
    expect(said(verifier.verifySync(token as never))).toBe('malformed');
    expect(
      said(await verifier.verifyDpop({ token: token as never, proof: 'x', method: 'GET', url: 'https://a' })),
    ).toBe('malformed');
    expect(said(await verifier.verifyDpop(token as never))).toBe('malformed');
  });

  it('accepts only algorithms on its list', async () => {
    const { verifier } = build({ algorithms: ['ES256'] });
    expect(said(await verifier.verify(goodToken))).toBe(goodClaims.sub);
    expect(said(await verifier.verify(signedWith('rs256', 'RS256')))).toBe('algorithm');
  });

  it('forgives a clock that is off by the tolerance and no more', async () => {
    const { verifier, wait } = build({ clockTolerance: seconds(5) });
    wait(304);
    expect(said(await verifier.verify(goodToken))).toBe(goodClaims.sub);
    wait(1);
    expect(said(await verifier.verify(goodToken))).toBe('expired');
  });

  it('takes the client for the identity of service accounts only', async () => {
    const { verifier } = build({ identityClaim: 'azp' });
    expect(said(await verifier.verify(withClaims({ sid: undefined, client_id: 'agent-1' })))).toBe('agent-1');
    expect(said(await verifier.verify(goodToken))).toBe(goodClaims.sub);
    expect(said(await verifier.verify(withClaims({ client_id: 'agent-1' })))).toBe(goodClaims.sub);
    expect(said(await verifier.verify(withClaims({ sub: undefined })))).toBe('identity');
  });

  it('does not take the client for a person in a token by RFC 9068', async () => {
    const { verifier } = build({ identityClaim: 'client_id' });
    const claims = { typ: undefined, sid: undefined, azp: undefined, client_id: 'agent-1' };
    expect(said(await verifier.verify(withClaims(claims, { typ: 'at+jwt' })))).toBe(goodClaims.sub);
    expect(said(await verifier.verify(withClaims({ ...claims, sub: 'agent-1' }, { typ: 'at+jwt' })))).toBe('agent-1');
  });
});

describe('a verifier of several issuers', () => {
  const other = 'https://other.example.com';
  const otherKey = { ...publicJwk(testKey('attacker-ec')), kid: 'es256' };
  const ofOther = (claims: object): string =>
    signToken('ES256', testKey('attacker-ec'), { alg: 'ES256', kid: 'es256' }, { ...goodClaims, ...claims });
  const { clock } = time();
  const verifier = createVerifier([
    { issuer, audience, jwks, clock, algorithms: ['ES256'] },
    { issuer: other, audience: 'elsewhere', jwks: { keys: [otherKey] }, identityClaim: 'jti' },
  ]);

  it('selects the rules by the issuer that the token names', async () => {
    expect(said(await verifier.verify(goodToken))).toBe(goodClaims.sub);
    expect(said(await verifier.verify(ofOther({ iss: other, aud: 'elsewhere' })))).toBe(goodClaims.jti);
    expect(said(await verifier.verify(ofOther({ iss: other })))).toBe('audience');
  });

  it('never takes a key of one issuer for a token of another, even of the same key id', async () => {
    expect(said(await verifier.verify(ofOther({})))).toBe('signature');
    expect(said(await verifier.verify(withClaims({ iss: other, aud: 'elsewhere' })))).toBe('signature');
    expect(said(await verifier.verify(ofOther({ iss: 'https://third.example.com' })))).toBe('issuer');
  });

  it('holds each issuer to its own algorithms', async () => {
    expect(said(await verifier.verify(signedWith('rs256', 'RS256')))).toBe('algorithm');
  });
});

describe('the options of a verifier', () => {
  const faults = (options: unknown): string => {
    try {
      createVerifier(options as never);
      return '';
    } catch (error) {
      return error instanceof TypeError ? error.message : 'another error';
    }
  };

  it.each([
    ['no issuer', { issuer: '' }, 'issuer'],
    ['no audience', { audience: [] }, 'audience'],
    ['an empty audience', { audience: '' }, 'audience'],
    ['an audience that is not there', { audience: undefined }, 'audience'],
    ['nothing about keys', { jwks: undefined }, 'keys'],
    ['two sources of keys', { jwksUri: 'https://a.example.com' }, 'keys'],
    ['a key address that is none', { jwks: undefined, jwksUri: 'certs' }, 'jwksUri'],
    ['a key set without keys', { jwks: { keys: [{ kty: 'oct', k: 'AA' }] } }, 'jwks'],
    ['HMAC', { algorithms: ['HS256'] }, 'HS256'],
    ['none', { algorithms: ['none'] }, 'none'],
    ['no algorithm', { algorithms: [] }, 'algorithms'],
    ['a tolerance of an hour', { clockTolerance: 3600 }, 'clockTolerance'],
    ['a tolerance that is no number', { clockTolerance: Number.NaN }, 'clockTolerance'],
    ['a life of nothing', { maxLifetime: 0 }, 'maxLifetime'],
    ['an unknown provider', { provider: 'toString' }, 'provider'],
    ['an identity claim without name', { identityClaim: '' }, 'identityClaim'],
  ])('are refused: %s', (_name, change, word) => {
    expect(faults({ issuer, audience, jwks, ...change })).toContain(word);
  });

  it('are refused all at once', () => {
    const message = faults({ issuer: '', audience: [], algorithms: ['none'] });
    for (const word of ['issuer', 'audience', 'keys', 'none']) expect(message).toContain(word);
  });

  it('are refused where there is no issuer, or one twice', () => {
    expect(faults([])).toContain('no issuer');
    const one = { issuer, audience, jwks };
    expect(faults([one, one])).toContain('twice');
  });
});

describe('a token that was verified before', () => {
  /** An issuer whose key set can be changed, and a count of what was fetched. */
  function remote(options: Partial<VerifierOptions> = {}) {
    const { clock, wait } = time();
    let keys = jwks.keys;
    let fetches = 0;
    const fetch: Fetch = () => {
      fetches++;
      return Promise.resolve({ ok: true, value: { status: 200, text: () => JSON.stringify({ keys }) } });
    };
    const rotate = (to: typeof keys) => {
      keys = to;
    };
    const verifier = createVerifier({ issuer, audience, jwksUri: 'https://k.example.com', fetch, clock, ...options });
    return { verifier, wait, rotate, fetches: () => fetches };
  }

  it('is remembered: the same principal, object for object', async () => {
    const { verifier } = remote();
    const first = await verifier.verify(goodToken);
    const again = verifier.verifySync(Buffer.from(goodToken).toString());
    expect(first.ok && again?.ok && again.value === first.value).toBe(true);
  });

  it('is not remembered where the size of the memory is zero', async () => {
    const { verifier } = remote({ cacheSize: 0 });
    const first = await verifier.verify(goodToken);
    const again = await verifier.verify(goodToken);
    expect(again).toEqual(first);
    expect(first.ok && again.ok && again.value !== first.value).toBe(true);
  });

  it('dies on time', async () => {
    const { verifier, wait } = remote();
    expect(said(await verifier.verify(goodToken))).toBe(goodClaims.sub);
    wait(299);
    expect(said(await verifier.verify(goodToken))).toBe(goodClaims.sub);
    wait(1);
    expect(said(await verifier.verify(goodToken))).toBe('expired');
    expect(said(verifier.verifySync(goodToken))).toBe('expired');
  });

  it('is dropped when its key leaves the set', async () => {
    const { verifier, wait, rotate } = remote({ maxLifetime: seconds(86_400) });
    const long = withClaims({ exp: now + 7200 });
    expect(said(await verifier.verify(long))).toBe(goodClaims.sub);
    rotate(jwks.keys.filter(({ kid }) => kid !== 'es256'));
    wait(601);
    expect(said(verifier.verifySync(long))).toBe('ask');
    expect(said(await verifier.verify(long))).toBe('unknown-key');
  });

  it('is not taken for another spelling of it', async () => {
    const { verifier } = remote();
    await verifier.verify(goodToken);
    for (const spelling of [
      `${goodToken}=`,
      `${goodToken} `,
      goodToken.slice(0, -1),
      `${goodToken.slice(0, -1)}${goodToken.endsWith('A') ? 'B' : 'A'}`,
    ]) {
      expect((await verifier.verify(spelling)).ok).toBe(false);
    }
  });

  it('is still bound to a key if it was so', async () => {
    const { verifier } = remote();
    const bound = withClaims({ cnf: { jkt: 'x' } });
    expect(said(await verifier.verify(bound))).toBe('sender-constrained');
    expect(said(await verifier.verify(bound))).toBe('sender-constrained');
    expect(said(verifier.verifySync(bound))).toBe('sender-constrained');
  });

  it('says that the keys have to be fetched, and fetches them for start-up', async () => {
    const { verifier, fetches } = remote();
    expect(verifier.verifySync(goodToken)).toBeUndefined();
    expect(await verifier.ready()).toEqual({ ok: true, value: undefined });
    expect(said(verifier.verifySync(goodToken))).toBe(goodClaims.sub);
    expect(fetches()).toBe(1);
  });

  it('reports keys that cannot be had, and not a bad token', async () => {
    const fetch: Fetch = () => Promise.resolve({ ok: true, value: { status: 500, text: () => '' } });
    const { clock } = time();
    const verifier = createVerifier({ issuer, audience, jwksUri: 'https://k.example.com', fetch, clock });
    expect(said(await verifier.verify(goodToken))).toBe('keys-unavailable');
    expect(await verifier.ready()).toMatchObject({ ok: false, refusal: { why: 'keys-unavailable', issuer } });
  });
});

describe('revocation', () => {
  /** A source whose answer and epoch are set by the test. */
  function source(answer: Standing): RevocationSource & { say(next: Standing): void; asked: number; late: boolean } {
    let epoch = 0;
    let standing = answer;
    return {
      asked: 0,
      late: false,
      say(next) {
        standing = next;
        epoch++;
      },
      epochAt: () => epoch,
      check() {
        this.asked++;
        return this.late ? Promise.resolve(standing) : standing;
      },
    };
  }

  it('is looked at once for each epoch, and then at each hit', async () => {
    const revocation = source({ standing: 'good' });
    const { verifier } = build({ revocation });
    for (let i = 0; i < 5; i++) expect(said(await verifier.verify(goodToken))).toBe(goodClaims.sub);
    expect(revocation.asked).toBe(1);
    revocation.say({ standing: 'revoked', by: 'jti' });
    expect(said(verifier.verifySync(goodToken))).toBe('revoked');
    expect(said(await verifier.verify(goodToken))).toBe('revoked');
  });

  it('that cannot be told refuses, unless asked to accept', async () => {
    const deaf: Standing = { standing: 'unknown', fault: 'silence' };
    expect(said(await build({ revocation: source(deaf) }).verifier.verify(goodToken))).toBe('revocation-unknown');
    const lenient = build({ revocation: source(deaf), whenRevocationUnknown: 'accept' });
    expect(said(await lenient.verifier.verify(goodToken))).toBe(goodClaims.sub);
  });

  it('is heard again after deafness', async () => {
    const revocation = source({ standing: 'good' });
    const { verifier } = build({ revocation });
    expect(said(await verifier.verify(goodToken))).toBe(goodClaims.sub);
    revocation.say({ standing: 'unknown', fault: 'silence' });
    expect(said(await verifier.verify(goodToken))).toBe('revocation-unknown');
    revocation.say({ standing: 'good' });
    expect(said(await verifier.verify(goodToken))).toBe(goodClaims.sub);
  });

  it('that has to be asked for leaves the synchronous path to verify', async () => {
    const revocation = source({ standing: 'good' });
    revocation.late = true;
    const { verifier } = build({ revocation });
    expect(verifier.verifySync(goodToken)).toBeUndefined();
    expect(said(await verifier.verify(goodToken))).toBe(goodClaims.sub);
    expect(said(verifier.verifySync(goodToken))).toBe(goodClaims.sub);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('boom');
      },
    ],
    ['rejects', () => Promise.reject(new Error('boom'))],
    ['says nothing', () => undefined as never],
    ['comes to say nothing', () => Promise.resolve(null as never)],
  ])('by a source that %s cannot be told', async (_name, check) => {
    const { verifier } = build({ revocation: { epochAt: () => 0, check } });
    expect(said(await verifier.verify(goodToken))).toBe('revocation-unknown');
  });

  it('is asked each time of a source that has lost its epoch', async () => {
    const revocation = source({ standing: 'good' });
    let broken = false;
    const epochAt = (): number => {
      if (broken) throw new Error('boom');
      return 0;
    };
    const { verifier } = build({ revocation: { epochAt, check: (...asked) => revocation.check(...asked) } });
    expect(said(await verifier.verify(goodToken))).toBe(goodClaims.sub);
    broken = true;
    revocation.say({ standing: 'revoked', by: 'jti' });
    expect(said(verifier.verifySync(goodToken))).toBe('revoked');
  });
});
