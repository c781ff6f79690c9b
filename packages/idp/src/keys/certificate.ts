import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';

// A self-signed X.509 certificate of version 1, as Keycloak makes for its generated RSA keys. It certifies nothing: it
// is there because JWKS readers look for `x5c`. DER is written by hand, since Node can read certificates but not make them.

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const size: number[] = [];
  for (let n = body.length; n > 0; n >>= 8) size.unshift(n & 255);
  const length = body.length < 128 ? [body.length] : [128 | size.length, ...size];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const integer = (bytes: Uint8Array): Buffer =>
  der(0x02, (bytes[0] ?? 0) & 128 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
const utcTime = (seconds: number): Buffer => {
  const text = new Date(seconds * 1000).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${text}Z`));
};

const sha256WithRsa = sequence(Buffer.from('06092a864886f70d01010b', 'hex'), Buffer.from([5, 0]));
const commonName = (name: string): Buffer =>
  sequence(der(0x31, sequence(Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(name)))));

/** The certificate of an RSA key for a realm, as base64 DER, valid for ten years. */
export function selfSigned(privateKey: KeyObject, name: string, now: number, serial: Uint8Array): string {
  const subject = commonName(name);
  const publicKey = createPublicKey(createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })));
  const body = sequence(
    integer(serial),
    sha256WithRsa,
    subject,
    sequence(utcTime(now), utcTime(validUntil(now))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', body, privateKey);
  return sequence(body, sha256WithRsa, der(0x03, Buffer.from([0]), signature)).toString('base64');
}

/** Until when `selfSigned` is valid, in seconds. */
export function validUntil(now: number): number {
  return now + 10 * 365 * 86_400;
}
