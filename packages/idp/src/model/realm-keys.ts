import type { KeyProviderId, RealmKey } from './keys.ts';
import type { IdpState } from './state.ts';

/** What each key provider serves when its configuration does not say otherwise. */
const providerDefaults: Readonly<Record<KeyProviderId, { readonly algorithm: string; readonly use: 'SIG' | 'ENC' }>> = {
  'rsa-generated': { algorithm: 'RS256', use: 'SIG' },
  rsa: { algorithm: 'RS256', use: 'SIG' },
  'rsa-enc-generated': { algorithm: 'RSA-OAEP', use: 'ENC' },
  'rsa-enc': { algorithm: 'RSA-OAEP', use: 'ENC' },
  'ecdsa-generated': { algorithm: 'ES256', use: 'SIG' },
  'eddsa-generated': { algorithm: 'EdDSA', use: 'SIG' },
  'hmac-generated': { algorithm: 'HS512', use: 'SIG' },
  'aes-generated': { algorithm: 'AES', use: 'ENC' },
};

/** Adds a key provider; its key is made when first needed (`keys/key-ring.ts`). */
export function createKeyProvider(
  state: IdpState,
  realmId: string,
  given: {
    readonly id?: string;
    readonly name: string;
    readonly providerId: KeyProviderId;
    readonly config: Readonly<Record<string, readonly string[]>>;
  },
): RealmKey {
  const { algorithm, use } = providerDefaults[given.providerId];
  return state.keys.put({
    id: given.id ?? state.newUuid(),
    realmId,
    name: given.name,
    providerId: given.providerId,
    priority: Number(given.config['priority']?.[0] ?? 0),
    enabled: given.config['enabled']?.[0] !== 'false',
    active: given.config['active']?.[0] !== 'false',
    algorithm: given.config['algorithm']?.[0] ?? algorithm,
    use,
    config: given.config,
  });
}

/** The four key providers of a new realm. */
export function createDefaultKeys(state: IdpState, realmId: string): void {
  const priority = ['100'];
  createKeyProvider(state, realmId, { name: 'rsa-generated', providerId: 'rsa-generated', config: { priority } });
  createKeyProvider(state, realmId, {
    name: 'rsa-enc-generated',
    providerId: 'rsa-enc-generated',
    config: { priority, algorithm: ['RSA-OAEP'] },
  });
  createKeyProvider(state, realmId, {
    name: 'hmac-generated-hs512',
    providerId: 'hmac-generated',
    config: { priority, algorithm: ['HS512'] },
  });
  createKeyProvider(state, realmId, { name: 'aes-generated', providerId: 'aes-generated', config: { priority } });
}
