/** A password's hash by scrypt: `$scrypt$ln=15,r=8,p=3$<salt>$<key>`, both in base64. */
export interface ScryptHash {
  /** The base-2 logarithm of N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

const mostMemory = 2 ** 30;

/**
 * Reads a hash; undefined for one that no password could ever be checked against: with numbers that scrypt does not take
 * (RFC 7914 §2), a cost of more than 1 GiB, or a key of less than 16 bytes.
 */
export function parseScryptHash(text: string): ScryptHash | undefined {
  const [, ln, r, p, salt = '', key = ''] =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/-]+)=*\$([\w+/-]+)=*$/.exec(text) ?? [];
  const hash = {
    ...{ ln: Number(ln), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64'),
    key: Buffer.from(key, 'base64'),
  };
  const isCost = hash.ln >= 1 && hash.r >= 1 && hash.p >= 1 && hash.ln < 16 * hash.r;
  return isCost && 128 * 2 ** hash.ln * hash.r <= mostMemory && hash.key.length >= 16 ? hash : undefined;
}
