import { randomBytes, X509Certificate } from 'node:crypto';
import { epochMilliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { createKeyProvider, createRealm, openState } from '../model/index.ts';
import { createKeyRing } from './key-ring.ts';
import { freshKeys, type KeySource } from './make.ts';

function realmState() {
  const clock = () => epochMilliseconds(1_800_000_000_000);
  const state = openState({ path: ':memory:', clock, random: (n) => randomBytes(n) });
  const made = createRealm(state, { realm: 'demo' });
  if (!made.ok) throw new Error('refused');
  return { state, realmId: made.value.id };
}

describe('a realm’s keys', () => {
  it('are made once, however many ask at the same time', async () => {
    const { state, realmId } = realmState();
    let made = 0;
    const counting: KeySource = {
      ...freshKeys,
      rsa: async (bits) => {
        made += 1;
        return await freshKeys.rsa(bits);
      },
    };
    const ring = createKeyRing(state, counting);
    const keys = await Promise.all([1, 2, 3].map(async () => await ring.active(realmId, 'RS256')));
    expect(new Set(keys.map((key) => key.kid)).size).toBe(1);
    expect(made).toBe(1);
    const [key] = keys;
    const certificate = new X509Certificate(Buffer.from(key?.certificate ?? '', 'base64'));
    expect(certificate.subject).toBe('CN=demo');
    expect(key !== undefined && certificate.verify(key.verify) && certificate.publicKey.equals(key.verify)).toBe(true);
  });

  it('rotate by a provider of higher priority: both are shown, the new one signs', async () => {
    const { state, realmId } = realmState();
    const ring = createKeyRing(state);
    const before = await ring.active(realmId, 'RS256');
    const provider = createKeyProvider(state, realmId, {
      name: 'new',
      providerId: 'rsa-generated',
      config: { priority: ['200'] },
    });
    const after = await ring.active(realmId, 'RS256');
    expect(after.kid).not.toBe(before.kid);
    const shown = (await ring.jwks(realmId)).map((jwk) => jwk.kid);
    expect(shown).toEqual(expect.arrayContaining([before.kid, after.kid]));
    state.keys.delete(provider.id);
    expect(await ring.byKid(realmId, after.kid)).toBeUndefined();
    expect((await ring.active(realmId, 'RS256')).kid).toBe(before.kid);
  });

  it('include one for any algorithm that a client asks for', async () => {
    const { state, realmId } = realmState();
    const ring = createKeyRing(state);
    expect((await ring.active(realmId, 'ES256')).key.name).toBe('fallback-ES256');
    expect((await ring.jwks(realmId)).find((jwk) => jwk.alg === 'ES256')).toMatchObject({
      kty: 'EC',
      crv: 'P-256',
      use: 'sig',
    });
  });

  it('are taken from a provider that brings its own, and made anew where an export masked it', async () => {
    const { state, realmId } = realmState();
    const ring = createKeyRing(state);
    const given = await freshKeys.rsa(2048);
    for (const [index, type] of (['pkcs8', 'pkcs1'] as const).entries()) {
      const privateKey = [given.export({ type, format: 'der' }).toString('base64')];
      const config = { priority: [String(300 + index)], privateKey };
      createKeyProvider(state, realmId, { name: type, providerId: 'rsa', config });
      const key = await ring.active(realmId, 'RS256');
      expect([key.key.name, given.equals(key.secret)]).toEqual([type, true]);
    }
    const masked = { priority: ['400'], privateKey: ['**********'] };
    createKeyProvider(state, realmId, { name: 'masked', providerId: 'rsa', config: masked });
    expect((await ring.active(realmId, 'RS256')).key.name).toBe('masked');
  });
});
