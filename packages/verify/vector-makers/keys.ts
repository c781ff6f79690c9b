import type { JsonObject } from '@keyturn/protocol';
import file from '../../../vectors/tokens/keys.json' with { type: 'json' };

/** A private key of the vectors, labelled as such: nothing signed by it may ever be trusted. */
export interface TestKey extends JsonObject {
  readonly label: string;
  readonly kid: string;
  readonly kty: string;
  readonly alg?: string;
}

/** A member of a key as text. */
export function memberOf(key: JsonObject, name: string): string {
  const value = key[name];
  if (typeof value !== 'string') throw new Error(`the test key has no ${name}`);
  return value;
}

/** A member of a key as bytes. */
export function bytesOf(key: JsonObject, name: string): Buffer {
  return Buffer.from(memberOf(key, name), 'base64url');
}

export function testKey(label: string): TestKey {
  const key = file.keys.find((one) => one.label === label);
  if (key === undefined) throw new Error(`no test key ${label}`);
  return key;
}

/** The public half, as a key set has it. */
export function publicJwk(key: TestKey): JsonObject {
  const members = ['kid', 'kty', 'use', 'alg', 'crv', 'n', 'e', 'x', 'y'];
  return Object.fromEntries(members.flatMap((name) => (key[name] === undefined ? [] : [[name, key[name]]])));
}

/** The keys of the issuer of the vectors; the others are an attacker's, or unfit. */
export const issuerKeys: readonly TestKey[] = ['rs256', 'rsa-any', 'ps256', 'es256', 'es384', 'es512', 'eddsa'].map(
  testKey,
);

/** The key set as its issuer serves it: with an encryption key and unfit ones in it, which no token may be checked by. */
export function issuerKeySet(): { readonly keys: readonly JsonObject[] } {
  const encryption = { ...publicJwk(testKey('attacker-rsa')), kid: 'enc', use: 'enc', alg: 'RSA-OAEP' };
  const unfit = ['short-rsa', 'ed448', 'secp256k1'].map((label) => publicJwk(testKey(label)));
  const wrongOperation = { ...publicJwk(testKey('attacker-ec')), kid: 'encrypt-only', key_ops: ['encrypt'] };
  const exponentOne = { ...publicJwk(testKey('attacker-rsa')), kid: 'exponent-one', e: 'AQ' };
  return {
    keys: [
      encryption,
      ...issuerKeys.map(publicJwk),
      ...unfit,
      wrongOperation,
      exponentOne,
      { kty: 'oct', kid: 'oct', k: 'c2VjcmV0' },
    ],
  };
}
