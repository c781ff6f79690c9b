import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { publicJwk, testKey } from '../../vector-makers/keys.ts';
import { isUsable, parseJwk } from './jwk.ts';
import { buildKeyIndex } from './key-index.ts';

const rsa = publicJwk(testKey('rsa-any'));
const ec = publicJwk(testKey('es256'));
const shortRsa = generateKeyPairSync('rsa', { modulusLength: 2040 }).publicKey.export({ format: 'jwk' });

describe('a member of a key set', () => {
  it.each([
    ['RSA', rsa],
    ['EC', ec],
    ['Ed25519', publicJwk(testKey('eddsa'))],
    ['one that lists verify among its operations', { ...ec, key_ops: ['sign', 'verify'] }],
    ['one with unknown members', { ...ec, x5c: ['MIIB'], 'x5t#S256': 'x', nbf: 1 }],
    ['one without kid, use and alg', { kty: ec.kty, crv: ec.crv, x: ec.x, y: ec.y }],
  ] as const)('is used: %s', (_name, jwk) => {
    expect(isUsable(parseJwk(jwk))).toBe(true);
  });

  it.each([
    ['not an object', 'key', 'object'],
    ['null', null, 'object'],
    ['a secret', { kty: 'oct', kid: 'x', k: 'c2VjcmV0' }, 'type'],
    ['an encryption key', { ...rsa, use: 'enc' }, 'use'],
    ['use of a wrong type', { ...rsa, use: ['sig'] }, 'use'],
    ['key_ops without verify', { ...rsa, key_ops: ['encrypt', 'wrapKey'] }, 'key_ops'],
    ['key_ops of a wrong type', { ...rsa, key_ops: 'verify' }, 'key_ops'],
    ['empty key_ops', { ...rsa, key_ops: [] }, 'key_ops'],
    ['an alg for encryption', { ...rsa, alg: 'RSA-OAEP' }, 'alg'],
    ['an alg of another type', { ...rsa, alg: 'ES256' }, 'alg'],
    ['an alg of another curve', { ...ec, alg: 'ES384' }, 'alg'],
    ['HMAC', { ...rsa, alg: 'HS256' }, 'alg'],
    ['none', { ...rsa, alg: 'none' }, 'alg'],
    ['an alg of a wrong type', { ...rsa, alg: 256 }, 'alg'],
    ['a kid of a wrong type', { ...rsa, kid: 7 }, 'kid'],
    ['an RSA key of 1024 bits', publicJwk(testKey('short-rsa')), '2048'],
    ['an RSA key of 2040 bits', { ...shortRsa, kid: 'x' }, '2048'],
    ['exponent one', { ...rsa, e: 'AQ' }, 'exponent'],
    ['an even exponent', { ...rsa, e: 'AAEC' }, 'exponent'],
    ['no exponent', { ...rsa, e: undefined }, 'without'],
    ['a modulus of a wrong type', { ...rsa, n: 5 }, 'without'],
    ['Ed448', publicJwk(testKey('ed448')), 'curve'],
    ['secp256k1', publicJwk(testKey('secp256k1')), 'curve'],
    ['a point that is not on its curve', { ...ec, y: ec.x }, 'valid'],
    ['a point of another curve', { ...publicJwk(testKey('es384')), alg: 'ES256', crv: 'P-256' }, 'valid'],
    ['an EC key without y', { ...ec, y: undefined }, 'without'],
    ['no kty', { kid: 'x' }, 'type'],
  ] as const)('is skipped: %s', (_name, jwk, reason) => {
    const parsed = parseJwk(JSON.parse(JSON.stringify(jwk)));
    expect('reason' in parsed && parsed.reason).toContain(reason);
  });

  it('does not spoil the set when it is bad', () => {
    const index = buildKeyIndex({ keys: [null, 1, { kty: 'RSA' }, shortRsa as never, rsa, [], 'x', ec] });
    expect(index?.keys.map(({ kid }) => kid)).toEqual(['rsa-any', 'es256']);
    expect(index?.skipped).toHaveLength(6);
  });

  it('is read by its public half, should the set leak the private one', () => {
    const parsed = parseJwk(testKey('es256'));
    expect(isUsable(parsed) && parsed.key.type).toBe('public');
  });
});
