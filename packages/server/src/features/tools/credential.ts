import { ok, type Result, refuse } from '@keyturn/protocol';
import type { House } from '../../http/pass.ts';
import type { Approved, HopTarget, Resource } from '../../http/rooms.ts';
import { goOn, type Soon } from '../../http/soon.ts';
import type { ToolSource } from './catalogue.ts';
import type { OwnCredentialRefusal, ToolRefusal } from './refusals.ts';

/** What is shown to an upstream. Built for one call, and never logged. */
export interface Credential {
  readonly headers: Readonly<Record<string, string>>;
  /** An API key that goes into the query. */
  readonly query?: { readonly name: string; readonly value: string };
  /** Given where it was kept from an earlier call: another one, in case the upstream no longer takes this. */
  readonly renew?: () => Promise<Result<Credential, ToolRefusal>>;
}

export interface CredentialParts {
  readonly house: Pick<House, 'nextHop' | 'forgetHop'>;
  readonly allowPassthrough: boolean;
  /** Told of each call that hands the caller's own token on. */
  readonly passedThrough: (source: ToolSource) => void;
  /** An API key, or a token of Keyturn's own. `fresh`: not the one that was used last. */
  readonly ownCredential: (
    sourceId: string,
    fresh: boolean,
  ) => Promise<Result<Pick<Credential, 'headers' | 'query'> & { readonly fromCache: boolean }, OwnCredentialRefusal>>;
}

/**
 * What the source is shown for this call. The caller's own token goes no further than the exchange, unless passthrough
 * was allowed three times over.
 */
export function showCredential(
  parts: CredentialParts,
  approved: Approved,
  source: ToolSource,
  door: Resource,
): Soon<Result<Credential, ToolRefusal>> {
  switch (source.effectiveAuth.kind) {
    case 'none':
      return ok({ headers: {} });
    case 'api-key':
    case 'client-credentials':
      return showOwn(parts, source);
    case 'exchange':
      return showExchanged(parts, approved, source);
    case 'passthrough': {
      const missing = missingForPassthrough(source, parts.allowPassthrough, door);
      if (missing !== undefined) return refuse({ why: 'passthrough-not-allowed', source: source.slug, missing });
      parts.passedThrough(source);
      return ok({ headers: { authorization: `Bearer ${approved.caller.bearer.reveal()}` } });
    }
  }
}

async function showOwn(
  parts: CredentialParts,
  source: ToolSource,
  fresh = false,
): Promise<Result<Credential, ToolRefusal>> {
  const own = await parts.ownCredential(source.id, fresh);
  if (!own.ok) return refuse({ why: 'own-credential', source: source.slug, refusal: own.refusal });
  const { fromCache, ...credential } = own.value;
  return ok({ ...credential, ...(fromCache ? { renew: () => showOwn(parts, source, true) } : {}) });
}

function showExchanged(
  parts: CredentialParts,
  approved: Approved,
  source: ToolSource,
): Soon<Result<Credential, ToolRefusal>> {
  const target: HopTarget = { audience: source.defaultAudience ?? '', scopes: source.requiredScopes };
  return goOn(parts.house.nextHop(approved, target), (token) => {
    if (!token.ok) return refuse({ why: 'house', refusal: token.refusal } as const);
    const { bearer, fromCache } = token.value;
    const headers = { authorization: `Bearer ${bearer.reveal()}` };
    // A token that was fresh is not asked for again, or an upstream that refuses everybody would cost an exchange a call.
    if (!fromCache) return ok({ headers });
    const renew = async (): Promise<Result<Credential, ToolRefusal>> => {
      parts.house.forgetHop(approved, target);
      return showExchanged(parts, approved, source);
    };
    return ok({ headers, renew });
  });
}

/** MCP forbids token passthrough outright; REST allows it where both the source and the operator say so. */
function missingForPassthrough(
  source: ToolSource,
  allowedByOperator: boolean,
  door: Resource,
): 'door' | 'source' | 'operator' | undefined {
  if (door === 'mcp') return 'door';
  if (source.passthrough !== 'allowed') return 'source';
  return allowedByOperator ? undefined : 'operator';
}
