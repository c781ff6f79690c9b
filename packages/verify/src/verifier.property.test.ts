import * as fc from 'fast-check';
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { Json, JsonObject } from '@keyturn/protocol';
import { epochMilliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { diagnose } from './diagnose.ts';
import { explain } from './explain.ts';
import { signers } from '../vector-makers/good.ts';
import { issuerKeySet } from '../vector-makers/keys.ts';
import { audience, goodToken, issuer, now, signedWith, withClaims } from '../vector-makers/vector.ts';
import { createVerifier } from './verifier.ts';

const jwks = issuerKeySet();
const clock = () => epochMilliseconds(now * 1000);
const verifier = createVerifier({ issuer, audience, jwks, clock });

// `createLocalJWKSet` wants its own type, whose members are the same.
const joseKeys = createLocalJWKSet({ keys: jwks.keys as never });

async function joseAccepts(token: string): Promise<boolean> {
  try {
    const currentDate = new Date(now * 1000);
    await jwtVerify(token, joseKeys, { issuer, audience, currentDate, requiredClaims: ['exp'] });
    return true;
  } catch {
    return false;
  }
}

const anyText = fc.array(fc.nat(0xffff), { maxLength: 60 }).map((codes) => String.fromCharCode(...codes));
const anySegment = fc.oneof(
  anyText,
  fc.json().map((text) => Buffer.from(text).toString('base64url')),
  fc.constantFrom(...goodToken.split('.')),
);

/** An object of one member with one of these values; undefined leaves it out. */
function one(name: string, ...values: readonly (Json | undefined)[]): fc.Arbitrary<JsonObject> {
  return fc.constantFrom(...values).map((value) => ({ [name]: value }));
}

describe('whatever it is given', () => {
  it('the verifier answers with a verdict, and explains a refusal in a sentence', () => {
    const tokens = fc.oneof(
      anyText,
      fc.array(anySegment, { maxLength: 6 }).map((parts) => parts.join('.')),
    );
    fc.assert(
      fc.property(tokens, (token) => {
        const verdict = verifier.verifySync(token);
        if (verdict === undefined) throw new Error('keys are at hand');
        expect(verdict.ok).toBe(token === goodToken);
        if (!verdict.ok) expect(explain(verdict.refusal)).toMatch(/^[^\n\r\0]+\.$/);
        expect(typeof diagnose(token).ok).toBe('boolean');
      }),
      { numRuns: 1000 },
    );
  });

  it('a good token with one byte changed is no good token', () => {
    const tokens = signers.map(([alg, key]) => signedWith(key, alg));
    for (const token of tokens) expect(verifier.verifySync(token)?.ok).toBe(true);
    fc.assert(
      fc.property(fc.constantFrom(...tokens), fc.nat(), fc.integer({ min: 1, max: 255 }), (token, place, change) => {
        const bytes = Buffer.from(token);
        const at = place % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ change;
        expect(verifier.verifySync(bytes.toString('latin1'))?.ok).toBe(false);
      }),
      { numRuns: 1500 },
    );
  });

  it('a good token with a byte put in or taken out is no good token', () => {
    fc.assert(
      fc.property(
        fc.nat(goodToken.length),
        fc.oneof(fc.constant(''), fc.string({ minLength: 1, maxLength: 2 })),
        (at, extra) => {
          const cut = extra === '' ? 1 : 0;
          const token = `${goodToken.slice(0, at)}${extra}${goodToken.slice(at + cut)}`;
          expect(verifier.verifySync(token)?.ok).toBe(token === goodToken);
        },
      ),
      { numRuns: 500 },
    );
    expect(verifier.verifySync(goodToken)?.ok).toBe(true);
  });
});

describe('beside jose', () => {
  // Good tokens but for a claim or two and a header parameter: left out, of a wrong type, beyond a bound.
  const claims = fc.oneof(
    one('iss', issuer, `${issuer}/`, '', 7, undefined),
    one('aud', audience, [audience], ['x', audience], 'x', [], '', null, [audience, 3], { tools: 1 }, undefined),
    one('exp', now + 1, now + 300, now, now - 1, `${now + 300}`, null, 1e300, now + 0.5, undefined),
    one('nbf', now, now - 5, now + 1, now + 100, 'x'),
    one('iat', now, now - 5, now + 5, 'x', undefined),
    one('sub', 'ada', '', 5, null, undefined),
    one('jti', 'a', 5, undefined),
    one('typ', 'Bearer', 'ID', undefined),
  );
  const headers = fc.oneof(
    { weight: 3, arbitrary: fc.constant<JsonObject>({}) },
    one('typ', 'JWT', 'at+jwt', 'dpop+jwt', 5, undefined),
    one('kid', 'rs256', 'nobody', 5, undefined),
    one('crit', ['exp'], [], 'x'),
    one('b64', true, false),
  );

  it('whatever jose refuses is refused, and whatever is accepted jose accepts', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(claims, claims, headers, async (first, second, header) => {
        const token = withClaims({ ...first, ...second }, header);
        const verdict = await verifier.verify(token);
        const ours = verdict.ok;
        if (ours) accepted++;
        const theirs = await joseAccepts(token);
        if (!theirs) expect(ours).toBe(false);
        if (ours) expect(theirs).toBe(true);
      }),
      { numRuns: 800 },
    );
    // Else the comparison would prove nothing.
    expect(accepted).toBeGreaterThan(50);
  });

  it.each(signers)('%s by %s is judged alike, whole or damaged', async (alg, key) => {
    const good = signedWith(key, alg);
    expect(await joseAccepts(good)).toBe(true);
    expect((await verifier.verify(good)).ok).toBe(true);
    const [header, payload, signature] = good.split('.');
    const damaged = `${header}.${payload}.${Buffer.from(String(signature), 'base64url').reverse().toString('base64url')}`;
    expect(await joseAccepts(damaged)).toBe(false);
    expect((await verifier.verify(damaged)).ok).toBe(false);
  });
});
