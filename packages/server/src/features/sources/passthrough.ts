import { effectiveAuth } from './auth.ts';
import type { Source } from './source.ts';

/** What an operator should know of how a source is called; undefined if nothing. */
export function passthroughWarning(
  source: Pick<Source, 'slug' | 'defaultAudience' | 'passthrough' | 'auth'>,
  allowedByOperator: boolean,
): string | undefined {
  if (effectiveAuth(source).kind !== 'passthrough') return undefined;
  const allowed = source.passthrough === 'allowed' || source.auth?.kind === 'passthrough';
  if (allowed && allowedByOperator) {
    return `Calls to ${source.slug} over REST hand it the caller’s own token (passthrough: "allowed"). Whoever runs it can use that token elsewhere.`;
  }
  if (source.auth?.kind === 'passthrough') {
    return `${source.slug} wants the callers’ own tokens, and the operator has not set tools.allowPassthrough, so every call to it is refused with passthrough_not_allowed.`;
  }
  return `${source.slug} has no default_audience, so every call to it is refused with passthrough_not_allowed. Give it the upstream’s client id.`;
}
