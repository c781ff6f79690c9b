import { constants } from 'node:crypto';

/** A signature algorithm of RFC 7518 §3 or RFC 8037 §3.1, with the one type of key it may be used with. */
export interface Algorithm {
  readonly name: AlgorithmName;
  readonly kty: 'RSA' | 'EC' | 'OKP';
  /** The curve, for EC and OKP keys. */
  readonly crv: string | undefined;
  /** The hash that `node:crypto` is given; null where the signature scheme has its own. */
  readonly hash: string | null;
  /** Length of a signature in bytes; undefined for RSA, where it is that of the modulus. */
  readonly signatureLength: number | undefined;
  /** What `node:crypto` needs beside the key. */
  readonly parameters: {
    readonly dsaEncoding?: 'ieee-p1363';
    readonly padding?: number;
    readonly saltLength?: number;
  };
}

export type AlgorithmName =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519';

const rsa = (name: AlgorithmName, hash: string): Algorithm => ({
  name,
  kty: 'RSA',
  crv: undefined,
  hash,
  signatureLength: undefined,
  parameters: {},
});

// RFC 7518 §3.5: the salt is as long as the hash, and nothing else is accepted.
const pss = (name: AlgorithmName, hash: string): Algorithm => ({
  ...rsa(name, hash),
  parameters: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
});

const ecdsa = (name: AlgorithmName, hash: string, crv: string, signatureLength: number): Algorithm => ({
  name,
  kty: 'EC',
  crv,
  hash,
  signatureLength,
  parameters: { dsaEncoding: 'ieee-p1363' },
});

// RFC 8037 says EdDSA for both curves, RFC 9864 names Ed25519 fully. Ed448 is not supported, as in jose.
const ed25519 = (name: AlgorithmName): Algorithm => ({
  name,
  kty: 'OKP',
  crv: 'Ed25519',
  hash: null,
  signatureLength: 64,
  parameters: {},
});

/**
 * Every algorithm there is here. `none` and HMAC are not in it, so that neither an unsigned token nor one signed with
 * a public key as the secret can be asked for by any option (RFC 8725 §2.1, §3.1).
 */
export const algorithms: ReadonlyMap<string, Algorithm> = new Map(
  [
    rsa('RS256', 'sha256'),
    rsa('RS384', 'sha384'),
    rsa('RS512', 'sha512'),
    pss('PS256', 'sha256'),
    pss('PS384', 'sha384'),
    pss('PS512', 'sha512'),
    ecdsa('ES256', 'sha256', 'P-256', 64),
    ecdsa('ES384', 'sha384', 'P-384', 96),
    ecdsa('ES512', 'sha512', 'P-521', 132),
    ed25519('EdDSA'),
    ed25519('Ed25519'),
  ].map((algorithm) => [algorithm.name, algorithm]),
);
