/** The scopes of a space-delimited list, in order and without repetition. RFC 6749 §3.3. */
export function parseScopes(text: string | undefined): readonly string[] {
  return text === undefined ? [] : [...new Set(text.split(' ').filter((scope) => scope !== ''))];
}
