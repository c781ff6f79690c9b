import { createSecretKey } from 'node:crypto';
import { isJsonObject } from '@keyturn/protocol';
import { createLocalJWKSet, importSPKI, importX509, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { IdpContext } from '../context.ts';
import type { Client } from '../model/index.ts';

/**
 * The keys by which a client proves what it signed: its secret (`symmetric`), or its own public keys, inline, by address
 * or as a certificate. Throws where there are none, or none that can be read.
 */
export async function clientKeys(context: IdpContext, client: Client, symmetric: boolean): Promise<JWTVerifyGetKey> {
  const { attributes } = client;
  if (symmetric) {
    if (client.publicClient || client.secret === undefined || client.secret === '') throw new Error('no secret');
    const secret = createSecretKey(Buffer.from(client.secret));
    return () => secret;
  }
  const inline = attributes['jwks.string'];
  if (attributes['use.jwks.string'] === 'true' && inline !== undefined) return createLocalJWKSet(keySet(inline));
  const url = attributes['jwks.url'];
  if (attributes['use.jwks.url'] === 'true' && url !== undefined) {
    const fetched = await context.fetch(url, { headers: { accept: 'application/json' } });
    if (!fetched.ok || fetched.value.status !== 200) throw new Error('jwks.url did not answer');
    return createLocalJWKSet(keySet(fetched.value.text()));
  }
  const certificate = attributes['jwt.credential.certificate'];
  const publicKey = attributes['jwt.credential.public.key'];
  return async (header) => {
    const algorithm = header.alg;
    if (certificate !== undefined) return await importX509(pem('CERTIFICATE', certificate), algorithm);
    return await importSPKI(pem('PUBLIC KEY', publicKey ?? ''), algorithm);
  };
}

// What is no key set fails at the first use, which refuses what was signed.
function keySet(json: string): JSONWebKeySet {
  const value: unknown = JSON.parse(json);
  if (!isJsonObject(value) || !Array.isArray(value['keys'])) throw new Error('no key set');
  return { keys: value['keys'].filter(isJsonObject) };
}

function pem(label: string, base64: string): string {
  return base64.includes('-----') ? base64 : `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----`;
}
