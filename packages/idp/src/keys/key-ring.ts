import { createHash, createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import {
  createKeyProvider,
  type IdpState,
  type KeyMaterial,
  type KeyProviderId,
  type RealmKey,
} from '../model/index.ts';
import { freshKeys, type KeySource, makeMaterial } from './make.ts';

/** A key of a realm ready for use. */
export interface UsableKey {
  readonly key: RealmKey;
  readonly kid: string;
  readonly algorithm: string;
  /** The private key, or the secret of HS512 and AES. */
  readonly secret: KeyObject;
  /** The public half; for HS512 and AES the secret itself. */
  readonly verify: KeyObject;
  /** Base64 DER, for generated RSA keys. */
  readonly certificate?: string;
}

/** The realm's keys: made when first needed, kept parsed. */
export interface KeyRing {
  /** The key that signs (or encrypts) with this algorithm: the active one of highest priority, made on demand if none is there. */
  active(realmId: string, algorithm: string): Promise<UsableKey>;
  /** An enabled key by its id, for checking what this realm signed. */
  byKid(realmId: string, kid: string): Promise<UsableKey | undefined>;
  /** Public keys as the certs endpoint shows them. */
  jwks(realmId: string): Promise<readonly JWK[]>;
  /** All enabled keys with their material, highest priority first. */
  all(realmId: string): Promise<readonly UsableKey[]>;
}

/** A ring over the state's keys. Making one key happens once, however many ask for it at the same time. */
export function createKeyRing(state: IdpState, source: KeySource = freshKeys): KeyRing {
  const parsed = new Map<string, UsableKey>();
  const making = new Map<string, Promise<UsableKey>>();

  const usable = async (key: RealmKey): Promise<UsableKey> => {
    if (key.material === undefined) return await made(key);
    const known = parsed.get(key.id);
    if (known?.key.material === key.material) return known.key === key ? known : remember(key, known);
    return remember(key, parse(key, key.material));
  };
  const remember = (key: RealmKey, from: UsableKey): UsableKey => {
    const now = { ...from, key };
    parsed.set(key.id, now);
    return now;
  };
  const made = (key: RealmKey): Promise<UsableKey> => {
    const running = making.get(key.id);
    if (running !== undefined) return running;
    const work = (async () => {
      const name = state.realms.get(key.realmId)?.realm ?? '';
      const world = { source, random: state.random, now: state.now(), newUuid: state.newUuid };
      const material = await makeMaterial(key, name, world);
      // The provider may have been changed or deleted while its key was being made.
      const stored = state.keys.get(key.id);
      return remember(stored === undefined ? key : state.keys.put({ ...stored, material }), parse(key, material));
    })().finally(() => making.delete(key.id));
    making.set(key.id, work);
    return work;
  };
  const enabled = (realmId: string): readonly RealmKey[] =>
    state.keys
      .ofRealm(realmId)
      .filter((key) => key.enabled)
      .sort((a, b) => b.priority - a.priority);

  return {
    active: async (realmId, algorithm) => {
      const found = enabled(realmId).find((key) => key.active && key.algorithm === algorithm);
      return await usable(found ?? fallback(state, realmId, algorithm));
    },
    byKid: async (realmId, kid) => {
      const key = enabled(realmId).find((it) => it.material?.kid === kid);
      return key === undefined ? undefined : await usable(key);
    },
    jwks: async (realmId) => {
      const keys = await Promise.all(
        enabled(realmId)
          .filter((key) => isAsymmetric(key.providerId))
          .map(usable),
      );
      return keys.map(publicJwk);
    },
    all: async (realmId) => await Promise.all(enabled(realmId).map(usable)),
  };
}

/** A public key in the shape and member order of Keycloak's certs endpoint. */
export function publicJwk(key: UsableKey): JWK {
  const { kty, ...members } = key.verify.export({ format: 'jwk' });
  const certificate = key.certificate === undefined ? undefined : Buffer.from(key.certificate, 'base64');
  const digest = (algorithm: string): string =>
    createHash(algorithm)
      .update(certificate ?? '')
      .digest('base64url');
  return {
    kid: key.kid,
    kty: String(kty),
    alg: key.algorithm,
    use: key.key.use === 'SIG' ? 'sig' : 'enc',
    ...(key.certificate === undefined
      ? {}
      : { x5c: [key.certificate], x5t: digest('sha1'), 'x5t#S256': digest('sha256') }),
    ...members,
  };
}

function parse(key: RealmKey, material: KeyMaterial): UsableKey {
  const common = { key, kid: material.kid, algorithm: key.algorithm };
  if ('secret' in material) {
    const secret = createSecretKey(Buffer.from(material.secret, 'base64url'));
    return { ...common, secret, verify: secret };
  }
  return {
    ...common,
    secret: createPrivateKey(material.privateKeyPem),
    verify: createPublicKey(material.publicKeyPem),
    ...(material.certificate === undefined ? {} : { certificate: material.certificate }),
  };
}

function isAsymmetric(providerId: KeyProviderId): boolean {
  return providerId !== 'hmac-generated' && providerId !== 'aes-generated';
}

// Keycloak adds a provider "fallback-<algorithm>" when a client asks for an algorithm that the realm has no key for.
function fallback(state: IdpState, realmId: string, algorithm: string): RealmKey {
  const config = { priority: ['-100'], algorithm: [algorithm] };
  const providerId: KeyProviderId = algorithm.startsWith('ES')
    ? 'ecdsa-generated'
    : algorithm === 'EdDSA'
      ? 'eddsa-generated'
      : algorithm.startsWith('HS')
        ? 'hmac-generated'
        : algorithm.startsWith('RSA')
          ? 'rsa-enc-generated'
          : 'rsa-generated';
  return createKeyProvider(state, realmId, { name: `fallback-${algorithm}`, providerId, config });
}
