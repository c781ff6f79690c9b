import { createLocalJWKSet, jwtVerify } from 'jose';
import { epochMilliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { createVerifier } from './verifier.ts';
import { claimVectors } from '../vector-makers/claims.ts';
import { goodVectors } from '../vector-makers/good.ts';
import { headerVectors } from '../vector-makers/headers.ts';
import { jsonVectors } from '../vector-makers/json.ts';
import { issuerKeySet } from '../vector-makers/keys.ts';
import { kindVectors } from '../vector-makers/kinds.ts';
import { signatureVectors } from '../vector-makers/signatures.ts';
import { spellingVectors } from '../vector-makers/spelling.ts';
import type { Vector } from '../vector-makers/vector.ts';
import { audience, issuer, now } from '../vector-makers/vector.ts';

const groups: Readonly<Record<string, readonly Vector[]>> = {
  good: goodVectors(),
  spelling: spellingVectors(),
  headers: headerVectors(),
  json: jsonVectors(),
  claims: claimVectors(),
  kinds: kindVectors(),
  signatures: signatureVectors(),
};
const all = Object.values(groups).flat();
const jwks = issuerKeySet();
const clock = () => epochMilliseconds(now * 1000);

describe('the token vectors', () => {
  it('are more than a thousand, each with its own name', () => {
    expect(all.length).toBeGreaterThan(1000);
    for (const vectors of Object.values(groups)) {
      expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length);
    }
  });

  it.each(Object.keys(groups))('%s: are what the script makes of the test keys', async (group) => {
    const file = { now, issuer, audience, vectors: groups[group] };
    await expect(`${JSON.stringify(file, null, 1)}\n`).toMatchFileSnapshot(`../../../vectors/tokens/${group}.json`);
  });

  it('come with the key set of their issuer', async () => {
    await expect(`${JSON.stringify(jwks, null, 1)}\n`).toMatchFileSnapshot('../../../vectors/tokens/jwks.json');
  });

  it.each(Object.keys(groups))('%s: are each judged as they say', async (group) => {
    const verifier = createVerifier({ issuer, audience, jwks, clock });
    const wrong: string[] = [];
    for (const { name, token, verdict } of groups[group] ?? []) {
      const judged = await verifier.verify(token);
      const got = judged.ok ? 'accept' : judged.refusal.why;
      if (got !== verdict) wrong.push(`${name}: ${got}, expected ${verdict}`);
    }
    expect(wrong).toEqual([]);
  });

  it('that are good are good for jose too', async () => {
    const keys = createLocalJWKSet({ keys: jwks.keys as never });
    for (const { name, token } of groups.good ?? []) {
      const outcome = jwtVerify(token, keys, { issuer, audience, currentDate: new Date(now * 1000) });
      await expect(outcome, name).resolves.toBeDefined();
    }
  });
});
