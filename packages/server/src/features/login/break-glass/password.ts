import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { parseScryptHash } from '../../../config/scrypt-hash.ts';

/** Cost of new hashes: 32 MiB and about 100 ms (OWASP Password Storage: N=2^15, r=8, p=3). */
const cost = { ln: 15, r: 8, p: 3 } as const;

/** `$scrypt$ln=15,r=8,p=3$<salt>$<key>`, both in base64. */
export async function hashPassword(password: string, salt: Uint8Array = randomBytes(16)): Promise<string> {
  const key = await derive(password, salt, cost, 32);
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${text(salt)}$${text(key)}`;
}

/** Whether the password is the hash's. A hash that cannot be read fits nothing. */
export async function isPassword(hash: string, password: string): Promise<boolean> {
  const read = parseScryptHash(hash);
  if (read === undefined) return false;
  const derived = await derive(password, read.salt, read, read.key.length);
  return timingSafeEqual(derived, read.key);
}

/** A hash that no password has been given to: checking against it takes as long as against a real one. */
export const nobodysHash = `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

function derive(
  password: string,
  salt: Uint8Array,
  { ln, r, p }: { readonly ln: number; readonly r: number; readonly p: number },
  length: number,
): Promise<Buffer> {
  const options = { N: 2 ** ln, r, p, maxmem: 128 * 2 ** ln * r + 2 ** 20 };
  return new Promise((resolve, reject) => {
    // As RFC 8265 wants it: the same letters, however a keyboard composed them.
    scrypt(password.normalize('NFC'), salt, length, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
