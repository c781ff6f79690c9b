import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import type { IdpContext } from '../context.ts';
import type { UsableKey } from '../keys/key-ring.ts';
import type { Realm } from '../model/index.ts';

/** What a sealed text is for. Each purpose has a key of its own, so that none can be used as another. */
export type SealPurpose = 'identity-cookie' | 'restart-cookie' | 'mail-action' | 'account-form';

/**
 * Seals facts that leave the server and must come back as they were: encrypted and authenticated, for one realm and one
 * purpose, until `lifetime` seconds from now. The text is URL-safe.
 */
export async function seal(
  context: IdpContext,
  realm: Realm,
  purpose: SealPurpose,
  lifetime: number,
  body: JsonObject,
): Promise<string> {
  const key = await context.keys.active(realm.id, 'HS512');
  const nonce = Buffer.from(context.state.random(12));
  const cipher = createCipheriv('aes-256-gcm', derive(key, realm, purpose), nonce);
  const plain = JSON.stringify({ ...body, sealedUntil: context.state.now() + lifetime });
  const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return `${key.kid}.${sealed.toString('base64url')}`;
}

/** Opens what `seal` made for this realm and purpose; undefined for anything else, forged, foreign or expired alike. */
export async function unseal(
  context: IdpContext,
  realm: Realm,
  purpose: SealPurpose,
  text: string,
): Promise<JsonObject | undefined> {
  const dot = text.indexOf('.');
  const key = dot < 0 ? undefined : await context.keys.byKid(realm.id, text.slice(0, dot));
  const sealed = Buffer.from(text.slice(dot + 1), 'base64url');
  if (key?.algorithm !== 'HS512' || sealed.length < 28) return undefined;
  const opener = createDecipheriv('aes-256-gcm', derive(key, realm, purpose), sealed.subarray(0, 12), {
    authTagLength: 16,
  });
  opener.setAuthTag(sealed.subarray(-16));
  try {
    const plain = Buffer.concat([opener.update(sealed.subarray(12, -16)), opener.final()]).toString();
    const body: unknown = JSON.parse(plain);
    if (!isJsonObject(body)) return undefined;
    const { sealedUntil, ...rest } = body;
    return typeof sealedUntil === 'number' && sealedUntil > context.state.now() ? rest : undefined;
  } catch {
    return undefined;
  }
}

// The realm's HS512 secret also signs refresh tokens, so nothing is encrypted with it directly (RFC 5869 derives).
function derive(key: UsableKey, realm: Realm, purpose: SealPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', key.secret.export(), '', `keyturn idp\n${realm.id}\n${purpose}`, 32));
}
