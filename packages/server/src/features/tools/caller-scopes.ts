import type { Tool } from '@keyturn/tools';

/** Scopes that a caller's token must have to call some tools. */
export interface CallerScopeRule {
  /** Tool ids, `source/*` for all of a source, `*` for all. */
  readonly tools: readonly string[];
  /** Only tools whose hint is this. */
  readonly readOnly?: boolean | undefined;
  readonly scopes: readonly string[];
}

/** All scopes that the rules ask of whoever calls this tool. */
export function neededScopes(rules: readonly CallerScopeRule[], tool: Tool): readonly string[] {
  return rules
    .filter(
      ({ tools, readOnly }) =>
        (readOnly === undefined || readOnly === tool.hints.readOnly) &&
        tools.some((name) => name === '*' || name === tool.id || name === `${tool.sourceSlug}/*`),
    )
    .flatMap(({ scopes }) => scopes);
}
