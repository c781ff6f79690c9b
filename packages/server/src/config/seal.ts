import { z } from 'zod';
import { readSealKey } from './seal-key.ts';

const key = z.string().refine((text) => readSealKey(text) !== undefined, {
  error: 'is not 32 bytes in base64 (openssl rand -base64 32)',
});

/** What seals secrets that Keyturn has to send again. */
export const sealSection = z.strictObject({
  key: key
    .optional()
    .describe(
      '32 bytes in base64 (openssl rand -base64 32): seals the API keys and client secrets of sources, and offline grants, with AES-256-GCM. Never stored. Default: pat.sealKey.',
    ),
  formerKeys: z
    .array(key)
    .default([])
    .describe('Keys that still open what they sealed: a key is changed by putting the new one into seal.key.'),
});

/** The key that seals, then all that open; none if nothing is to be sealed. `pat.sealKey` is the older name. */
export function sealKeysOf({
  seal,
  pat,
}: {
  readonly seal: z.infer<typeof sealSection>;
  readonly pat?: { readonly sealKey?: string | undefined; readonly formerSealKeys?: readonly string[] } | undefined;
}): readonly string[] {
  const keys = [seal.key, pat?.sealKey].filter((text) => text !== undefined);
  return keys.length === 0 ? [] : [...keys, ...seal.formerKeys, ...(pat?.formerSealKeys ?? [])];
}
