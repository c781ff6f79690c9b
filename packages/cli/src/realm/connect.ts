import { setTimeout as delay } from 'node:timers/promises';
import { createGuardedFetch, type GuardedFetch } from '@keyturn/net';
import { type Admin, type AdminLogin, createAdmin } from '@keyturn/realm';
import { CommandFailure, type Io } from '../io.ts';
import { readSecretArgument } from './secret-argument.ts';

export interface ConnectFlags {
  readonly url?: string;
  readonly user?: string;
  readonly password?: string;
  readonly adminClient?: string;
  readonly adminSecret?: string;
  readonly adminToken?: string;
  readonly adminRealm?: string;
}

export interface Connection {
  readonly url: string;
  readonly fetch: GuardedFetch;
  /** Undefined if no login was given: only the doctor works without. */
  readonly admin: Admin | undefined;
}

/** Keycloak's address: flag, environment, or where the embedded identity provider is. */
export function keycloakUrl(io: Io, flags: ConnectFlags): string {
  const url = flags.url ?? io.env['KEYCLOAK_URL'] ?? 'http://localhost:8041';
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new CommandFailure(`--url: ${url} is no http(s) URL.`);
  return url;
}

/** Runs a command's work with a connection, and frees its sockets whatever happens. Only hosts that were named here are reached at private addresses. */
export async function withConnection<Value>(
  io: Io,
  flags: ConnectFlags,
  work: (connection: Connection) => Promise<Value>,
  otherUrls: readonly (string | undefined)[] = [],
): Promise<Value> {
  const url = keycloakUrl(io, flags);
  const hosts = [url, ...otherUrls].flatMap((one) =>
    one !== undefined && URL.canParse(one) ? [new URL(one).hostname] : [],
  );
  const fetch = createGuardedFetch({ allowPrivateHosts: [...new Set(hosts)] });
  try {
    const login = loginFrom(io, flags);
    const admin =
      login === undefined
        ? undefined
        : createAdmin({
            url,
            login,
            fetch,
            clock: () => Date.now(),
            sleep: (duration) => delay(duration),
            onRetry: io.complain,
          });
    return await work({ url, fetch, admin });
  } finally {
    await fetch.close();
  }
}

/** The admin client, or the sentence that says how to log in. */
export function requireAdmin({ admin }: Connection): Admin {
  if (admin !== undefined) return admin;
  throw new CommandFailure(
    'No login: give --user and --password, --admin-client and --admin-secret, or --admin-token (each secret as -, @file or env:NAME).',
  );
}

function loginFrom(io: Io, flags: ConnectFlags): AdminLogin | undefined {
  const realm = flags.adminRealm === undefined ? {} : { realm: flags.adminRealm };
  if (flags.adminToken !== undefined)
    return { by: 'token', token: readSecretArgument(io, '--admin-token', flags.adminToken) };
  if (flags.adminClient !== undefined) {
    if (flags.adminSecret === undefined)
      throw new CommandFailure('--admin-client needs --admin-secret (-, @file or env:NAME).');
    return {
      by: 'client',
      clientId: flags.adminClient,
      clientSecret: readSecretArgument(io, '--admin-secret', flags.adminSecret),
      ...realm,
    };
  }
  const username = flags.user ?? io.env['KC_BOOTSTRAP_ADMIN_USERNAME'];
  if (username === undefined) return undefined;
  const given =
    flags.password ??
    (io.env['KC_BOOTSTRAP_ADMIN_PASSWORD'] === undefined ? undefined : 'env:KC_BOOTSTRAP_ADMIN_PASSWORD');
  if (given === undefined) throw new CommandFailure('--user needs --password (-, @file or env:NAME).');
  return { by: 'password', username, password: readSecretArgument(io, '--password', given), ...realm };
}
