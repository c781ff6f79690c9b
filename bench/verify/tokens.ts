import { constants, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export const benchAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
export type BenchAlgorithm = (typeof benchAlgorithms)[number];

export const issuer = 'https://keycloak.example.com/realms/aip';
export const audience = 'aip-gateway';

/** The tokens of one algorithm, and what is needed to check them. */
export interface Material {
  readonly alg: BenchAlgorithm;
  readonly publicKey: KeyObject;
  readonly pem: string;
  readonly jwk: Readonly<Record<string, string>>;
  readonly tokens: readonly string[];
  /** For the floor: what is signed and the signature, decoded beforehand. */
  readonly decoded: readonly { readonly signed: Buffer; readonly signature: Buffer }[];
}

/** As many different callers as a busy service sees at a time. */
const callers = 256;

export function makeMaterial(alg: BenchAlgorithm, now: number): Material {
  const { privateKey, publicKey } = keyPair(alg);
  const kid = `${alg.toLowerCase()}-FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE`;
  const header = encode({ alg, typ: 'JWT', kid });
  const decoded = Array.from({ length: callers }, (_, i) => {
    const signed = Buffer.from(`${header}.${encode(claims(i, now))}`);
    return { signed, signature: signatureOf(alg, signed, privateKey) };
  });
  return {
    alg,
    publicKey,
    pem: publicKey.export({ type: 'spki', format: 'pem' }),
    jwk: { ...jwkOf(publicKey), kid, alg, use: 'sig' },
    tokens: decoded.map(({ signed, signature }) => `${signed.toString('latin1')}.${signature.toString('base64url')}`),
    decoded,
  };
}

/** What Keycloak writes for a person with a few roles: about 1 KB. */
function claims(i: number, now: number): object {
  return {
    exp: now + 3600,
    iat: now - 5,
    auth_time: now - 5,
    jti: `onrtac:8c9a2e1e-33a9-4a6e-8d1e-2b3c4d5e${String(i).padStart(4, '0')}`,
    iss: issuer,
    aud: [audience, 'account'],
    sub: `b1b2b3b4-1111-2222-3333-44445555${String(i).padStart(4, '0')}`,
    typ: 'Bearer',
    azp: 'aip-agent-1',
    sid: `abcdefghijklmnopqrst${String(i).padStart(4, '0')}`,
    acr: '1',
    'allowed-origins': ['https://app.example.com', 'https://admin.example.com'],
    realm_access: { roles: ['offline_access', 'default-roles-aip', 'uma_authorization', 'operator', 'viewer'] },
    resource_access: {
      account: { roles: ['manage-account', 'manage-account-links', 'view-profile'] },
      'tools-provider': { roles: ['reader', 'writer', 'admin'] },
      'aip-gateway': { roles: ['agent', 'reviewer'] },
    },
    scope: 'openid profile email tools:read tools:write',
    email_verified: true,
    name: 'Ada Lovelace',
    groups: ['/staff/engineering', '/staff/on-call'],
    preferred_username: `ada.lovelace.${i}`,
    given_name: 'Ada',
    family_name: 'Lovelace',
    locale: 'en',
    email: `ada.lovelace.${i}@example.com`,
  };
}

function jwkOf(publicKey: KeyObject): Record<string, string> {
  const members = Object.entries(publicKey.export({ format: 'jwk' }));
  return Object.fromEntries(members.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])));
}

function keyPair(alg: BenchAlgorithm): { privateKey: KeyObject; publicKey: KeyObject } {
  switch (alg) {
    case 'RS256':
    case 'PS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'EdDSA':
      return generateKeyPairSync('ed25519');
  }
}

/** What `node:crypto` needs to know beside the key. */
export function parametersOf(alg: BenchAlgorithm): { hash: string | null; options: object } {
  switch (alg) {
    case 'RS256':
      return { hash: 'sha256', options: {} };
    case 'PS256':
      return { hash: 'sha256', options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } };
    case 'ES256':
      return { hash: 'sha256', options: { dsaEncoding: 'ieee-p1363' } };
    case 'EdDSA':
      return { hash: null, options: {} };
  }
}

function signatureOf(alg: BenchAlgorithm, bytes: Buffer, key: KeyObject): Buffer {
  const { hash, options } = parametersOf(alg);
  return sign(hash, bytes, { key, ...options });
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
