/** A claim as text; empty if it is absent or no text. Claims come from tokens, so any of them may be anything. */
export function textClaim(claims: Readonly<Record<string, unknown>>, name: string): string {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  return typeof value === 'string' ? value : '';
}
