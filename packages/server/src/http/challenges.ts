import type { Settings } from '../config/schema.ts';
import type { ScopeChallenge } from './insufficient-scope.ts';
import type { Resource } from './rooms.ts';

/** Where the document of a resource is: /.well-known/oauth-protected-resource before its path. RFC 9728 §3.1. */
export function metadataUrlOf(resource: string): string {
  const { origin, pathname } = new URL(resource);
  return `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`;
}

/** What each door tells whoever comes without enough: the least scopes, and the document that says how to get a token. */
export function challengesOf(
  { mcp, tools }: Pick<Settings, 'mcp' | 'tools'>,
  publicUrl: string,
  mcpResource: string,
): Readonly<Record<Resource, ScopeChallenge>> {
  const implied = tools.impliedScopes;
  const rest: ScopeChallenge = { scopes: [], metadataUrl: metadataUrlOf(publicUrl), implied };
  return { rest, edge: rest, mcp: { scopes: mcp.scopes, metadataUrl: metadataUrlOf(mcpResource), implied } };
}
