const mask = '********';

/**
 * A copy of settings that may be printed. Masked are the values at `secretPaths` (dotted; `*` stands for any one name
 * or place in a list) and the password in any URL. A secret that is not set stays as it is, so that it can be seen.
 */
export function maskSettings(settings: unknown, secretPaths: readonly string[]): unknown {
  const secrets = secretPaths.map((path) => path.split('.'));
  const walk = (value: unknown, path: readonly string[]): unknown => {
    if (secrets.some((secret) => matches(secret, path))) {
      return value === undefined || value === null || value === '' ? value : mask;
    }
    if (typeof value === 'string') return withoutPassword(value);
    if (value instanceof URL) return withoutPassword(value.href);
    if (Array.isArray(value)) return value.map((member, i) => walk(member, [...path, String(i)]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, walk(member, [...path, name])]));
  };
  return walk(settings, []);
}

function matches(secret: readonly string[], path: readonly string[]): boolean {
  return secret.length === path.length && secret.every((name, i) => name === '*' || name === path[i]);
}

/** `postgres://user:password@host` with the password masked, whether or not the rest is a good URL. */
function withoutPassword(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/?#\s:@]*):[^/?#\s]*@/i, `$1:${mask}@`);
}
