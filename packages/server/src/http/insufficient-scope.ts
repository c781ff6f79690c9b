import { bearerChallenge } from '@keyturn/verify';
import type { Problem } from './problem.ts';

export interface ScopeChallenge {
  /** The least that a caller of this door needs. */
  readonly scopes: readonly string[];
  /** The protected-resource document of this door (RFC 9728). */
  readonly metadataUrl: string;
  /** Scopes that a broad one implies: who holds the key, holds the values. */
  readonly implied: Readonly<Record<string, readonly string[]>>;
}

/**
 * The step-up that a caller needs, or undefined where the token has all scopes. The challenge names every scope that the
 * next token must have, those of the door included, so that one step is enough. RFC 6750 §3.1, MCP “Scope Challenge
 * Handling”.
 */
export function insufficientScope(
  held: readonly string[],
  needed: readonly string[],
  challenge: ScopeChallenge,
): Problem | undefined {
  if (challenge.scopes.length === 0 && needed.length === 0) return undefined;
  const all = [...new Set([...challenge.scopes, ...needed])];
  const has = withImplied(held, challenge.implied);
  if (all.every((scope) => has.has(scope))) return undefined;
  const wire = { status: 403, error: 'insufficient_scope', description: 'The access token lacks a scope' } as const;
  return {
    status: 403,
    code: 'insufficient_scope',
    title: 'The access token lacks a scope',
    detail: `Get a token with the scopes ${all.join(' ')}.`,
    facts: { required_scopes: all },
    headers: {
      'www-authenticate': bearerChallenge(wire, { scope: all, resourceMetadata: challenge.metadataUrl }),
    },
  };
}

function withImplied(
  held: readonly string[],
  implied: Readonly<Record<string, readonly string[]>>,
): ReadonlySet<string> {
  const all = new Set(held);
  // A Set visits what is added while it is walked, so that chains of implications are followed, and cycles end.
  for (const scope of all) for (const narrower of implied[scope] ?? []) all.add(narrower);
  return all;
}
