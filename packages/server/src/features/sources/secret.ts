import { ok, type Result, refuse } from '@keyturn/protocol';
import type { Seal } from '../../outside/seal.ts';
import { type AuthBody, authOf, effectiveAuth, needsSecret } from './auth.ts';
import type { SourceRefusal } from './refusals.ts';
import type { Source, SourceAuth, SourceDefinition } from './source.ts';

/** `auth` and its secret as they are stored from now on. */
export interface KeptAuth {
  readonly auth: SourceAuth | undefined;
  readonly sealedSecret: string | undefined;
}

/** Where a secret would be sent: what it was given for, it is not sent anywhere else. */
function addressOf(source: Pick<SourceDefinition, 'url' | 'serverUrl' | 'auth'>): string {
  const origin = source.url === undefined ? '' : new URL(source.url).origin;
  const tokenUrl = source.auth?.kind === 'client-credentials' ? (source.auth.tokenUrl ?? '') : '';
  const client = source.auth?.kind === 'client-credentials' ? (source.auth.clientId ?? '') : '';
  return `${origin} ${source.serverUrl ?? ''} ${tokenUrl} ${client}`;
}

/**
 * What becomes of `auth` and its secret. A secret that is not given stays, as long as it would go where it went; with
 * another address or another client it has to be given again, or whoever may change a source could send it to themselves.
 */
export function keepSecret(
  seal: Seal | undefined,
  before: Source | undefined,
  after: SourceDefinition & { readonly id: string },
  given: AuthBody | null | undefined,
): Result<KeptAuth, SourceRefusal> {
  const auth = given === undefined ? before?.auth : given === null ? undefined : authOf(given);
  if (effectiveAuth({ auth, defaultAudience: after.defaultAudience }).kind === 'exchange') {
    return after.defaultAudience === undefined
      ? refuse({ why: 'audience-needed' })
      : ok({ auth, sealedSecret: undefined });
  }
  if (!needsSecret(auth)) return ok({ auth, sealedSecret: undefined });
  const secret = given !== undefined && given !== null && 'secret' in given ? given.secret : undefined;
  if (secret !== undefined) {
    if (seal === undefined) return refuse({ why: 'no-seal-key' });
    return ok({ auth, sealedSecret: seal.seal(secret, sealContext(after.id)) });
  }
  if (before?.sealedSecret === undefined || before.auth?.kind !== auth?.kind) {
    return refuse({ why: 'secret-needed', because: 'kind' });
  }
  if (addressOf(before) !== addressOf({ ...after, auth })) return refuse({ why: 'secret-needed', because: 'address' });
  return ok({ auth, sealedSecret: before.sealedSecret });
}

/** What a secret is bound to: copied into another source's row, it does not open. */
export function sealContext(sourceId: string): string {
  return `source:${sourceId}`;
}
