import { argon2, pbkdf2, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** Hashes and checks passwords off the event loop. Hashes are PHC strings. */
export interface PasswordHasher {
  hash(password: string): Promise<string>;
  /** False for a wrong password and for a hash of an unknown sort. */
  check(hash: string, password: string): Promise<boolean>;
  /** Takes as long as `check`, so that an unknown user cannot be told from a wrong password by time. */
  pretend(password: string): Promise<void>;
}

const scryptAsync = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(
  scrypt,
);
const b64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

// Keycloak's own argon2 settings: 5 passes over 7 MiB, one lane. Node before 24.7 has no argon2 and takes scrypt.
const cost = { passes: 5, memory: 7168, parallelism: 1, tagLength: 32 } as const;

async function argon(
  password: string,
  nonce: Buffer,
  passes: number,
  memory: number,
  parallelism: number,
  tagLength: number,
): Promise<Buffer> {
  return await promisify(argon2)('argon2id', { message: password, nonce, passes, memory, parallelism, tagLength });
}

/** The hasher that the server uses: argon2id, or scrypt where Node has none. */
export function createPasswordHasher(): PasswordHasher {
  const hash = async (password: string): Promise<string> => {
    const salt = randomBytes(16);
    if (typeof argon2 === 'function') {
      const tag = await argon(password, salt, cost.passes, cost.memory, cost.parallelism, cost.tagLength);
      return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${b64(salt)}$${b64(tag)}`;
    }
    const tag = await scryptAsync(password, salt, 32, { N: 16_384, r: 8, p: 1, maxmem: 64 * 1024 * 1024 });
    return `$scrypt$ln=14,r=8,p=1$${b64(salt)}$${b64(tag)}`;
  };
  const check = async (stored: string, password: string): Promise<boolean> => {
    const [, kind, ...parts] = stored.split('$');
    const [salt, tag] = parts.slice(-2).map((part) => Buffer.from(part, 'base64'));
    if (salt === undefined || tag === undefined) return false;
    const numbers = Object.fromEntries((parts.at(-3) ?? '').split(',').map((pair) => pair.split('=')));
    const n = (name: string): number => Number(numbers[name]);
    if (kind === 'argon2id') {
      return timingSafeEqual(await argon(password, salt, n('t'), n('m'), n('p'), tag.length), tag);
    }
    if (kind === 'scrypt') {
      const options = { N: 2 ** n('ln'), r: n('r'), p: n('p'), maxmem: 64 * 1024 * 1024 };
      return timingSafeEqual(await scryptAsync(password, salt, tag.length, options), tag);
    }
    const digest = /^pbkdf2-(sha\d+)$/.exec(kind ?? '')?.[1];
    if (digest === undefined) return false;
    return timingSafeEqual(await promisify(pbkdf2)(password, salt, n('i'), tag.length, digest), tag);
  };
  return { hash, check, pretend: async (password) => void (await hash(password)) };
}
