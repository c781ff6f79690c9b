import { ok, type Result, refuse } from '@keyturn/protocol';
import { isLoopbackName, publicUrlOf } from '../http/origins.ts';
import type { IdpFault } from './idp.ts';
import type { LoginSettings } from './login.ts';
import type { Settings } from './schema.ts';
import { sealKeysOf } from './seal.ts';

/** The settings on login, once it is known that they hold together. */
export interface ResolvedLogin {
  readonly settings: LoginSettings;
  readonly sealKeys: readonly string[];
  /** Whether browsers come over https, so that cookies can be `Secure` and named `__Host-`. */
  readonly secure: boolean;
  /** By whose service account the groups of all users are read. */
  readonly sync: { readonly clientId: string; readonly clientSecret: string | undefined } | undefined;
  /** Sentences for the operator: what is on that lowers security. */
  readonly warnings: readonly string[];
}

/** What login comes to; undefined where the section is absent. Every fault at once. */
export function resolveLogin(settings: Settings): Result<ResolvedLogin | undefined, readonly IdpFault[]> {
  const { login, pat, http } = settings;
  if (login === undefined) {
    if (settings.breakGlass === undefined) return ok(undefined);
    return refuse([
      {
        path: 'login.clientId',
        message: 'breakGlass stands in for the login by the identity provider: set that up too',
      },
    ]);
  }
  const faults: IdpFault[] = [];
  const warnings: string[] = [];
  const sealKeys = sealKeysOf(settings);
  if (sealKeys.length === 0) {
    faults.push({
      path: 'seal.key',
      message:
        'sessions hold the tokens of their users, sealed: set a key of 32 bytes (openssl rand -base64 32) in KEYTURN_SEAL__KEY or a file named by KEYTURN_SEAL__KEY_FILE',
    });
  }
  const publicUrl = new URL(publicUrlOf(http));
  const secure = publicUrl.protocol === 'https:';
  // What stays on this machine needs no https: only the cookie's name is another then, without __Host-.
  const exposed = !secure && !isLoopbackName(publicUrl.hostname);
  if (exposed && login.allowPlainHttp) {
    warnings.push(
      `login.allowPlainHttp: ${publicUrl.origin} is plain http, so whoever is on the way can read and set session cookies`,
    );
  } else if (exposed) {
    faults.push({
      path: 'http.publicUrl',
      message: `${publicUrl.origin} is plain http, so whoever is on the way could take over sessions: let a proxy serve https and name it here (login.allowPlainHttp: true takes the risk)`,
    });
  }
  if (login.clientSecret === undefined) {
    warnings.push('login.clientSecret is not set: whoever steals a code can redeem it as far as PKCE lets them');
  }
  if (faults.length > 0) return refuse(faults);
  const clientId = login.syncClientId ?? pat?.readerClientId;
  const clientSecret = login.syncClientId === undefined ? pat?.readerClientSecret : login.syncClientSecret;
  return ok({
    settings: login,
    sealKeys,
    secure,
    sync: clientId === undefined || login.groupSyncInterval === 0 ? undefined : { clientId, clientSecret },
    warnings,
  });
}
