/** The thumbprint of the DPoP key that a token is bound to (`cnf.jkt`, RFC 9449 §6.1); undefined: to none. */
export function boundKey(claims: Readonly<Record<string, unknown>>): string | undefined {
  const { cnf } = claims;
  if (typeof cnf !== 'object' || cnf === null || !('jkt' in cnf)) return undefined;
  return typeof cnf.jkt === 'string' ? cnf.jkt : '';
}
