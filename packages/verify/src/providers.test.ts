import { epochMilliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { diagnose } from './diagnose.ts';
import { providers } from './providers.ts';
import { issuerKeySet } from '../vector-makers/keys.ts';
import { providerVectors } from '../vector-makers/providers.ts';
import { now, signedWith } from '../vector-makers/vector.ts';
import { createVerifier } from './verifier.ts';

const vectors = providerVectors();
const jwks = issuerKeySet();
const clock = () => epochMilliseconds(now * 1000);

describe('a provider preset', () => {
  it('has a vector each, made by the script', async () => {
    expect(new Set(vectors.map(({ provider }) => provider))).toEqual(new Set(Object.keys(providers)));
    await expect(`${JSON.stringify({ now, vectors }, null, 1)}\n`).toMatchFileSnapshot(
      '../../../vectors/tokens/providers.json',
    );
  });

  it.each(vectors)('knows $name', async ({ provider, issuer, audience, token, identity, serviceAccount }) => {
    const verdict = await createVerifier({ issuer, audience, provider, jwks, clock }).verify(token);
    expect(verdict).toMatchObject({ ok: true, value: { identity, serviceAccount } });
  });

  it.each(vectors)('is recognised in the token of $name, with settings that accept it', async (vector) => {
    const diagnosis = diagnose(`Bearer ${vector.token}\n`);
    if (!diagnosis.ok || diagnosis.value.settings === undefined) throw new Error('not diagnosed');
    const { issuer, audience, identityClaim, provider, discovery } = diagnosis.value.settings;
    expect({ issuer, audience, provider, discovery }).toEqual({
      issuer: vector.issuer,
      audience: vector.audience,
      provider: vector.provider,
      discovery: true,
    });
    const verdict = await createVerifier({
      issuer,
      audience,
      identityClaim,
      jwks,
      clock,
      ...(provider && { provider }),
    }).verify(vector.token);
    // Whoever it is called by, the client is named too: revocations and logs go by it.
    expect(verdict).toMatchObject({
      ok: true,
      value: { identity: vector.identity, client: expect.any(String) as unknown },
    });
  });

  it('of Google does not take an address that nobody has verified for an identity', async () => {
    const token = signedWith(
      'rs256',
      'RS256',
      {},
      { typ: undefined, email: 'boss@example.com', email_verified: false },
    );
    const verdict = await createVerifier({
      issuer: 'https://keycloak.example.com/realms/demo',
      audience: 'tools',
      provider: 'google',
      jwks,
      clock,
    }).verify(token);
    expect(verdict).toMatchObject({ ok: false, refusal: { why: 'identity' } });
  });
});
