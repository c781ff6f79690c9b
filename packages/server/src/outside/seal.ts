import { createCipheriv, createDecipheriv, hash } from 'node:crypto';
import type { Random } from '@keyturn/protocol';
import { readSealKey } from '../config/seal-key.ts';

/**
 * Seals what Keyturn must send again (a refresh token, a PKCE verifier) with AES-256-GCM. The keys come from the settings
 * and are never stored: whoever has the database alone has nothing. `context` is bound in, so that what was sealed for
 * one user does not open for another.
 */
export interface Seal {
  readonly seal: (text: string, context: string) => string;
  /** Undefined if it was sealed with another key, for another context, or has been changed. */
  readonly open: (sealed: string, context: string) => string | undefined;
}

/** The first key seals, all open: so a key is changed by putting a new one in front. Each has 32 bytes, in base64. */
export function createSeal(keys: readonly string[], random: Random): Seal {
  const ring = keys.map((text) => {
    const key = readSealKey(text);
    if (key === undefined) throw new TypeError('a seal key has 32 bytes, in base64 or base64url');
    return { id: hash('sha256', key, 'base64url').slice(0, 8), key };
  });
  return {
    seal(text, context) {
      const [first] = ring;
      if (first === undefined) throw new Error('there is no key to seal with');
      const nonce = random(12);
      const cipher = createCipheriv('aes-256-gcm', first.key, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${first.id}.${Buffer.from(nonce).toString('base64url')}.${body.toString('base64url')}`;
    },
    open(sealed, context) {
      const [id, nonce = '', body = ''] = sealed.split('.');
      const key = ring.find((entry) => entry.id === id)?.key;
      const bytes = Buffer.from(body, 'base64url');
      if (key === undefined || bytes.length < 16) return undefined;
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'), { authTagLength: 16 });
        decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-16));
        return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}
