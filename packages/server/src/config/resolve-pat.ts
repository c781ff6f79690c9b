import { ok, type Result, refuse } from '@keyturn/protocol';
import { sealKeysOf } from './seal.ts';
import { readSealKey } from './seal-key.ts';
import type { IdpFault } from './idp.ts';
import { keycloakIssuerName, memoryIssuerName, type PatSettings } from './pat.ts';
import type { Settings } from './schema.ts';

/** What the settings on personal access tokens come to, once the kinds that can be made are known. */
export interface ResolvedPat {
  readonly settings: PatSettings;
  readonly kind: 'reference' | 'jwt' | 'memory';
  /** Seals offline grants; undefined if reference tokens are not made here. */
  readonly sealKeys: readonly string[] | undefined;
  readonly jwt: { readonly tokenUrl: string; readonly clientId: string; readonly clientSecret: string } | undefined;
  readonly memoryKey: string | undefined;
}

/** Which kinds can be made, and that the default is among them; every fault at once. */
export function resolvePat(
  settings: Settings,
  tokenEndpoint: string,
): Result<ResolvedPat | undefined, readonly IdpFault[]> {
  const { pat, login, exchange } = settings;
  if (pat === undefined) return ok(undefined);
  const faults: IdpFault[] = [];
  const fault = (path: string, message: string): void => void faults.push({ path, message });
  const kwargs = pat.token_issuer_kwargs;
  const sealKeys = sealKeysOf(settings);
  const named = pat.kind === 'memory-for-development-only' ? 'memory' : pat.kind;
  const seeds = { [keycloakIssuerName]: 'jwt', [memoryIssuerName]: 'memory' } as const;
  const kind = named ?? (pat.token_issuer_adapter === undefined ? 'reference' : seeds[pat.token_issuer_adapter]);

  const { client_id: clientId, client_secret: clientSecret, signing_key: memoryKey } = kwargs;
  const jwt =
    clientId === undefined || clientSecret === undefined
      ? undefined
      : { tokenUrl: kwargs.token_url ?? tokenEndpoint, clientId, clientSecret };
  if (kind === 'jwt' && jwt === undefined) {
    fault(
      'pat.token_issuer_kwargs',
      'tokens of the kind jwt are issued by a client: set client_id and client_secret (PAT__TOKEN_ISSUER_KWARGS__CLIENT_ID and …__CLIENT_SECRET)',
    );
  }
  if (kind === 'memory' && memoryKey === undefined) {
    fault(
      'pat.token_issuer_kwargs.signing_key',
      'the memory issuer, which is for development only, needs a signing_key',
    );
  }
  for (const [path, key] of [
    ['pat.sealKey', pat.sealKey],
    ...pat.formerSealKeys.map((former, i) => [`pat.formerSealKeys.${i}`, former] as const),
  ] as const) {
    if (key !== undefined && readSealKey(key) === undefined)
      fault(path, 'is not 32 bytes in base64 (openssl rand -base64 32)');
  }
  if (kind === 'reference') {
    if (sealKeys.length === 0) {
      fault(
        'seal.key',
        'reference tokens are carried by offline grants, which are stored sealed: set a key of 32 bytes (openssl rand -base64 32) in KEYTURN_SEAL__KEY or a file named by KEYTURN_SEAL__KEY_FILE',
      );
    }
    if (login === undefined)
      fault(
        'login.clientId',
        'owners give the grant of reference tokens by logging in: name the client of the code flow',
      );
  }
  // Keyturn would take what it swapped for a token of the issuing client that is not in the table, and refuse it.
  for (const [path, other] of [
    ['exchange.clientId', exchange.clientId],
    ['login.clientId', login?.clientId],
  ] as const) {
    if (jwt !== undefined && other === jwt.clientId) {
      fault(
        path,
        `${jwt.clientId} issues personal access tokens (pat.token_issuer_kwargs.client_id); use another client here`,
      );
    }
  }
  if (faults.length > 0) return refuse(faults);
  return ok({
    settings: pat,
    kind,
    sealKeys: sealKeys.length > 0 && login !== undefined ? sealKeys : undefined,
    jwt,
    memoryKey: kind === 'memory' ? memoryKey : undefined,
  });
}
