/** 32 bytes in base64 or base64url, or undefined. */
export function readSealKey(text: string): Buffer | undefined {
  const key = Buffer.from(text.trim(), 'base64');
  return key.length === 32 ? key : undefined;
}
