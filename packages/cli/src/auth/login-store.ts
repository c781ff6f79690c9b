import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isJsonObject, type Json } from '@keyturn/protocol';
import { CommandFailure, type Io } from '../io.ts';

/** A login at one Keyturn, as it is kept between commands. */
export interface StoredLogin {
  readonly issuer: string;
  readonly clientId: string;
  readonly user: string;
  readonly accessToken: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
  readonly refreshToken: string | undefined;
}

/** Logins by Keyturn's URL, in one file that only its owner can read. */
export interface LoginStore {
  readonly path: string;
  readonly all: () => Readonly<Record<string, StoredLogin>>;
  readonly get: (url: string) => StoredLogin | undefined;
  readonly set: (url: string, login: StoredLogin) => void;
  readonly remove: (url: string) => void;
}

/** `$XDG_CONFIG_HOME/keyturn/logins.json`, else below ~/.config. */
export function openLoginStore({ env }: Pick<Io, 'env'>): LoginStore {
  const home = env['HOME'] ?? env['USERPROFILE'];
  const folder = env['XDG_CONFIG_HOME'] ?? (home === undefined ? undefined : join(home, '.config'));
  if (folder === undefined) throw new CommandFailure('cannot tell where to keep the login: HOME is not set', 2);
  const path = join(folder, 'keyturn', 'logins.json');
  const all = (): Record<string, StoredLogin> => {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      return {};
    }
    const logins: unknown = JSON.parse(text);
    if (!isJsonObject(logins)) throw new CommandFailure(`${path} is not what keyturn wrote: remove it`, 2);
    return Object.fromEntries(
      Object.entries(logins).map(([url, value]) => {
        const login = parseStoredLogin(value);
        if (login === undefined) throw new CommandFailure(`${path} is not what keyturn wrote: remove it`, 2);
        return [url, login];
      }),
    );
  };
  const write = (logins: Record<string, StoredLogin>): void => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Beside and then in its place, so that a full disk leaves the old one whole.
    writeFileSync(`${path}.new`, `${JSON.stringify(logins, undefined, 2)}\n`, { mode: 0o600 });
    chmodSync(`${path}.new`, 0o600);
    renameSync(`${path}.new`, path);
  };
  return {
    path,
    all,
    get: (url) => (Object.hasOwn(all(), url) ? all()[url] : undefined),
    set: (url, login) => write({ ...all(), [url]: login }),
    remove(url) {
      const { [url]: _gone, ...others } = all();
      write(others);
    },
  };
}

/** A login as it was written; undefined for anything else. */
function parseStoredLogin(value: Json | undefined): StoredLogin | undefined {
  if (!isJsonObject(value)) return undefined;
  const { issuer, clientId, user, accessToken, expiresAt, refreshToken } = value;
  if (typeof issuer !== 'string' || typeof clientId !== 'string' || typeof user !== 'string') return undefined;
  if (typeof accessToken !== 'string' || typeof expiresAt !== 'number') return undefined;
  if (refreshToken !== undefined && typeof refreshToken !== 'string') return undefined;
  return { issuer, clientId, user, accessToken, expiresAt, refreshToken };
}
