import type { Source } from './source.ts';

/** What an operator should know of a source that has no audience; undefined if it has one. */
export function passthroughWarning(
  source: Pick<Source, 'slug' | 'defaultAudience' | 'passthrough'>,
  allowedByOperator: boolean,
): string | undefined {
  if (source.defaultAudience !== undefined) return undefined;
  if (source.passthrough === 'allowed' && allowedByOperator) {
    return `Calls to ${source.slug} over REST hand it the caller’s own token (passthrough: "allowed"). Whoever runs it can use that token elsewhere.`;
  }
  return `${source.slug} has no default_audience, so every call to it is refused with passthrough_not_allowed. Give it the upstream’s client id.`;
}
