import { ok, type Result, refuse } from '@keyturn/protocol';

/** Where a store lives. */
export type StoreLocation =
  | { readonly dialect: 'sqlite'; readonly path: string }
  | { readonly dialect: 'postgres'; readonly url: string };

/**
 * Reads `sqlite:PATH`, `sqlite::memory:` or `postgres://…`. The refusal is a sentence for the operator and never holds
 * the text itself, which may hold a password.
 */
export function parseStoreUrl(text: string): Result<StoreLocation, string> {
  if (text.startsWith('sqlite:')) {
    const path = text.slice('sqlite:'.length);
    if (path === '' || path.includes('\0')) return refuse('sqlite: needs a path, as in sqlite:./data/keyturn.db');
    // `sqlite://relative` would silently mean an absolute or a host-less path, depending on who reads it.
    if (path.startsWith('//'))
      return refuse('write sqlite:PATH without slashes before the path, as in sqlite:/var/lib/keyturn.db');
    return ok({ dialect: 'sqlite', path });
  }
  if (/^postgres(?:ql)?:\/\//.test(text)) {
    return URL.canParse(text) ? ok({ dialect: 'postgres', url: text }) : refuse('the postgres:// URL cannot be read');
  }
  return refuse('a store is sqlite:PATH, sqlite::memory: or postgres://user:password@host/database');
}
