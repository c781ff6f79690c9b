import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { Random } from '@keyturn/protocol';
import type { KeyMaterial, RealmKey } from '../model/index.ts';
import { selfSigned, validUntil } from './certificate.ts';

/** Makes the key pairs of a realm. Tests pass one with fixed keys; the server never does. */
export interface KeySource {
  rsa(bits: number): Promise<KeyObject>;
  ec(curve: 'P-256' | 'P-384' | 'P-521'): Promise<KeyObject>;
  ed25519(): Promise<KeyObject>;
}

/** New keys from the operating system's randomness, made off the event loop. */
export const freshKeys: KeySource = {
  rsa: async (bits) => (await promisify(generateKeyPair)('rsa', { modulusLength: bits })).privateKey,
  ec: async (curve) => (await promisify(generateKeyPair)('ec', { namedCurve: curve })).privateKey,
  ed25519: async () => (await promisify(generateKeyPair)('ed25519')).privateKey,
};

/** The material for a provider that has none yet. */
export async function makeMaterial(
  key: RealmKey,
  realmName: string,
  world: { readonly source: KeySource; readonly random: Random; readonly now: number; readonly newUuid: () => string },
): Promise<KeyMaterial> {
  switch (key.providerId) {
    case 'hmac-generated':
    case 'aes-generated': {
      const size = Number(key.config['secretSize']?.[0] ?? (key.providerId === 'aes-generated' ? 16 : 128));
      return { kid: world.newUuid(), secret: Buffer.from(world.random(size)).toString('base64url') };
    }
    case 'ecdsa-generated':
      return material(await world.source.ec(curveOf(key.algorithm)));
    case 'eddsa-generated':
      return material(await world.source.ed25519());
    default: {
      // An export of Keycloak's admin API masks what is secret: such a key, as one that nobody can read, is made anew.
      const given = readPrivateKey(key.config['privateKey']?.[0]);
      if (given !== undefined) return { ...material(given), ...certificateOf(key.config['certificate']?.[0]) };
      const privateKey = await world.source.rsa(Number(key.config['keySize']?.[0] ?? 2048));
      return {
        ...material(privateKey),
        certificate: selfSigned(privateKey, realmName, world.now, world.random(8)),
        notAfter: validUntil(world.now),
      };
    }
  }
}

/** Keycloak's key id: SHA-256 over the DER of the public key. */
function material(privateKey: KeyObject): { kid: string; privateKeyPem: string; publicKeyPem: string } {
  const publicKey = createPublicKey({ key: privateKey.export({ type: 'pkcs8', format: 'pem' }), format: 'pem' });
  const kid = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  return {
    kid,
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }),
  };
}

/** A private key as PEM, or as the base64 that Keycloak writes into exports: PKCS #8, or PKCS #1 of old. */
function readPrivateKey(text: string | undefined): KeyObject | undefined {
  if (text === undefined) return undefined;
  const der = Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  for (const type of ['pkcs8', 'pkcs1'] as const) {
    try {
      return createPrivateKey({ key: der, format: 'der', type });
    } catch {
      // The other form, then.
    }
  }
  return undefined;
}

function certificateOf(text: string | undefined): { readonly certificate?: string } {
  const bare = text?.replace(/-----[^-]+-----|\s/g, '') ?? '';
  return bare === '' ? {} : { certificate: bare };
}

function curveOf(algorithm: string): 'P-256' | 'P-384' | 'P-521' {
  if (algorithm === 'ES384') return 'P-384';
  return algorithm === 'ES512' ? 'P-521' : 'P-256';
}
