import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject } from 'node:crypto';
import { type Clock, isJsonObject, type JsonObject } from '@keyturn/protocol';
import type { CheckpointSigner, Store } from '@keyturn/store';
import type { Seal } from '../../outside/seal.ts';
import type { AuditTables } from './tables.ts';

export interface AuditKeys {
  /** Undefined where there is no key: then nothing is signed. */
  readonly signer: CheckpointSigner | undefined;
  /** All that have ever signed, as public JWKs. */
  readonly published: () => Promise<readonly JsonObject[]>;
}

export interface AuditKeyParts {
  readonly store: Store;
  readonly clock: Clock;
  /** From the settings, in PEM. */
  readonly signingKey: string | undefined;
  readonly seal: Seal | undefined;
}

const context = 'audit signing key';

/** The key of the settings, else one that is kept sealed beside the audit; all replicas find the same. */
export async function openAuditKeys({ store, clock, signingKey, seal }: AuditKeyParts): Promise<AuditKeys> {
  const db = store.db.withTables<AuditTables>();
  const published = async (): Promise<readonly JsonObject[]> => {
    const rows = await db.selectFrom('audit_keys').selectAll().orderBy('created_at').execute();
    return rows.map((row) => JSON.parse(row.public_jwk)).filter(isJsonObject);
  };
  const keep = async (key: KeyObject, sealed: string | null): Promise<CheckpointSigner> => {
    const { keyId, jwk } = describeKey(key);
    await db
      .insertInto('audit_keys')
      .values({ key_id: keyId, public_jwk: JSON.stringify(jwk), sealed, created_at: clock() })
      .onConflict((conflict) => conflict.column('key_id').doNothing())
      .execute();
    return { keyId, privateKey: key };
  };
  if (signingKey !== undefined) return { published, signer: await keep(createPrivateKey(signingKey), null) };
  if (seal === undefined) return { published, signer: undefined };
  const kept = await openSealed();
  if (kept !== undefined) return { published, signer: kept };
  const { privateKey } = generateKeyPairSync('ed25519');
  await keep(privateKey, seal.seal(privateKey.export({ format: 'pem', type: 'pkcs8' }), context));
  // Of two replicas that start together each makes one: the older counts for both.
  return { published, signer: await openSealed() };

  async function openSealed(): Promise<CheckpointSigner | undefined> {
    const rows = await db
      .selectFrom('audit_keys')
      .selectAll()
      .where('sealed', 'is not', null)
      .orderBy('created_at')
      .orderBy('key_id')
      .execute();
    for (const row of rows) {
      // One that was sealed with a key which is no longer there stays published; what it signed can still be verified.
      const pem = seal?.open(row.sealed ?? '', context);
      if (pem !== undefined) return { keyId: row.key_id, privateKey: createPrivateKey(pem) };
    }
    return undefined;
  }
}

function describeKey(key: KeyObject): { readonly keyId: string; readonly jwk: JsonObject } {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
  // RFC 7638, RFC 8037 appendix A.3: the members in this order.
  const keyId = hash('sha256', `{"crv":"Ed25519","kty":"OKP","x":"${x}"}`, 'base64url');
  return { keyId, jwk: { kty: 'OKP', crv: 'Ed25519', x, kid: keyId, use: 'sig', alg: 'EdDSA' } };
}
