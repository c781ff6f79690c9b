import { isIP } from 'node:net';
import {
  type Clock,
  epochMilliseconds,
  isJsonObject,
  type Json,
  type JsonObject,
  type Random,
  type Result,
} from '@keyturn/protocol';
import { resolvePlaceholders } from '@keyturn/realm/placeholders';
import type { App, IdpContext } from './context.ts';
import { createEventSink } from './events.ts';
import { createServer } from './http/server.ts';
import { faultOf, type HttpSettings, relativePathOf } from './http/settings.ts';
import { createUrlResolver } from './http/urls.ts';
import { type Imported, type ImportRefusal, importRealm } from './import/realm.ts';
import { createKeyRing } from './keys/key-ring.ts';
import type { KeySource } from './keys/make.ts';
import type { LineLog, Log } from './log.ts';
import { bootstrapAdminFrom, ensureMaster } from './master.ts';
import { openState } from './model/index.ts';
import { createOutboundFetch } from './outbound.ts';
import { createRandomPool } from './random-pool.ts';
import { createPasswordHasher, type PasswordHasher } from './passwords.ts';
import { sweepEvents, sweepSessions } from './sweep.ts';

export interface IdpOptions extends HttpSettings {
  /** `sqlite:PATH` or `sqlite::memory:`. The file holds keys and client secrets and is made readable by its owner only. */
  readonly dataUrl: string;
  /** For `${NAME}` in realm files and `KC_BOOTSTRAP_ADMIN_*`. Default: nothing. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Where lines go, facts first (pino fits). Default: nothing is reported. */
  readonly log?: LineLog;
  /**
   * Private addresses that outbound requests may reach. Default: this machine for what an administrator configured
   * (client keys, back-channel logout), none for what a stranger names (client metadata documents).
   */
  readonly allowPrivateHosts?: readonly string[];
  /**
   * Lets the server listen on other than loopback addresses. It is made for development, tests and evaluation: no
   * clustering, no hardening, no support. Production belongs on Keycloak.
   */
  readonly allowNonLoopbackThoughNotForProduction?: boolean;
  /** Where new key pairs come from. Tests pass fixed ones; default: new ones. */
  readonly keySource?: KeySource;
  /** How passwords are hashed. Default: argon2id as Keycloak does. */
  readonly passwords?: PasswordHasher;
}

/** A running embedded identity provider. */
export interface Idp {
  /** Makes a realm of a Keycloak representation; placeholders are resolved, unset ones stay as text, as in Keycloak. */
  importRealm(
    representation: JsonObject,
    options?: { readonly ifExists: 'skip' | 'replace' },
  ): Promise<Result<Imported, ImportRefusal>>;
  /** Listens and returns the base URL with the relative path. `port` 0 takes a free one; `host` is 127.0.0.1 unless given. */
  listen(options: { readonly port: number; readonly host?: string }): Promise<string>;
  /** Health and metrics on a port of their own; returns its base URL. */
  listenManagement(options: { readonly port: number; readonly host?: string }): Promise<string>;
  /** Stops listening, finishes what is under way and closes the database. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens an embedded identity provider with its master realm. Throws on contradicting settings, with Keycloak's text.
 */
export async function createIdp(options: IdpOptions): Promise<Idp> {
  const fault = faultOf(options);
  if (fault !== undefined) throw new Error(fault);
  const log: Log = (level, message, facts = {}) => options.log?.[level](facts, message);
  const clock: Clock = options.clock ?? (() => epochMilliseconds(Date.now()));
  const random: Random = options.random ?? createRandomPool();
  const state = openState({ path: pathOf(options.dataUrl), clock, random });
  const fetch = createOutboundFetch(options.allowPrivateHosts ?? ['localhost', '127.0.0.0/8', '[::1]']);
  const fetchFromStrangers = createOutboundFetch(options.allowPrivateHosts ?? []);
  const context: IdpContext = {
    state,
    keys: createKeyRing(state, options.keySource),
    urls: createUrlResolver(options),
    events: createEventSink(state),
    passwords: options.passwords ?? createPasswordHasher(),
    fetch,
    fetchFromStrangers,
    log,
  };
  // Hashing the first administrator's password takes as long as building the server: they go side by side.
  const master = ensureMaster(context, bootstrapAdminFrom(options.env ?? {}));
  const app = createServer(context, options);
  let management: Pick<App, 'close' | 'listen'> | undefined;
  await master;
  const sweeper = setInterval(() => {
    state.sweep();
    sweepSessions(state);
    sweepEvents(state);
  }, 60_000);
  sweeper.unref();

  const checkHost = (host: string): void => {
    if (isLoopback(host) || options.allowNonLoopbackThoughNotForProduction === true) return;
    throw new Error(
      `the embedded identity provider listens on loopback only, not on ${host}: it is for development, tests and evaluation. To do so all the same, set allowNonLoopbackThoughNotForProduction, on the command line --allow-non-loopback-though-not-for-production.`,
    );
  };
  const close = async (): Promise<void> => {
    clearInterval(sweeper);
    await Promise.all([app.close(), management?.close()]);
    await Promise.all([fetch.close(), fetchFromStrangers.close()]);
    state.close();
  };
  return {
    importRealm: async (representation, { ifExists } = { ifExists: 'skip' }) => {
      const resolved = resolvePlaceholders(representation, { env: options.env ?? {}, unresolved: 'keep' });
      const value: Json = resolved.ok ? resolved.value : representation;
      const imported = await importRealm(context, isJsonObject(value) ? value : representation, { ifExists });
      // The keys are made while nobody waits for them.
      if (imported.ok) void context.keys.all(imported.value.realm.id).catch(() => {});
      return imported;
    },
    listen: async ({ port, host = '127.0.0.1' }) => {
      checkHost(host);
      const address = await app.listen({ port, host });
      // After the port, which is what two of them usually meet at, and what can be named with a way out.
      state.claim();
      log(
        'info',
        `embedded identity provider on ${address}: for development, tests and evaluation; production belongs on Keycloak`,
      );
      return address + relativePathOf(options);
    },
    listenManagement: async ({ port, host = '127.0.0.1' }) => {
      checkHost(host);
      // Loaded when asked for: an identity provider inside a test has no metrics.
      const [http, metrics] = await Promise.all([import('./http/management.ts'), import('./metrics.ts')]);
      management = http.createManagementServer(state, metrics.createMetrics(context), options);
      return await management.listen({ port, host });
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function pathOf(dataUrl: string): string {
  if (!dataUrl.startsWith('sqlite:'))
    throw new Error(`dataUrl must be sqlite:PATH or sqlite::memory:, not ${dataUrl.split(':')[0]}:`);
  return dataUrl.slice('sqlite:'.length);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
