import type { KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import type { RealmKey } from '../model/index.ts';

/** A key of a realm ready for use. */
export interface UsableKey {
  readonly key: RealmKey;
  readonly kid: string;
  readonly algorithm: string;
  /** The private key, or the secret of HS512 and AES. */
  readonly secret: KeyObject;
  /** The public half; for HS512 and AES the secret itself. */
  readonly verify: KeyObject;
}

/** The realm's keys: made when first needed, kept parsed. */
export interface KeyRing {
  /** The key that signs (or encrypts) with this algorithm: the active one of highest priority. ES256 and EdDSA are made on demand. */
  active(realmId: string, algorithm: string): Promise<UsableKey>;
  /** An enabled key by its id, for checking what this realm signed. */
  byKid(realmId: string, kid: string): Promise<UsableKey | undefined>;
  /** Public keys as the certs endpoint shows them. */
  jwks(realmId: string): Promise<readonly JWK[]>;
  /** All enabled keys with their material, for the admin API. */
  all(realmId: string): Promise<readonly UsableKey[]>;
}
