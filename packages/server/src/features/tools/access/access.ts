import { isJsonObject, type Json } from '@keyturn/protocol';
import type { Tool } from '@keyturn/tools';
import type { Caller } from '../../../http/caller.ts';

/** Tools that are meant: those to which every member given applies. `*` stands for anything but `/`, `**` for anything. */
export interface ToolSelector {
  /** The slug of the source. */
  readonly source_pattern?: string;
  /** The operation's id; `*` stands for anything here. */
  readonly name_pattern?: string;
  readonly path_pattern?: string;
  readonly method_pattern?: string;
  /** All of these. */
  readonly required_tags?: readonly string[];
  /** None of these. */
  readonly excluded_tags?: readonly string[];
}

/** A set of tools, by what they are and by name. Member names as in the code of seed 003. */
export interface ToolGroup {
  /** Any of these. */
  readonly selectors: readonly ToolSelector[];
  /** In it, whatever the selectors say. */
  readonly explicit_tool_ids: readonly string[];
  /** Not in it, whatever else is said. */
  readonly excluded_tool_ids: readonly string[];
  readonly is_active: boolean;
}

export type ClaimOperator = 'equals' | 'not_equals' | 'contains' | 'not_contains' | 'in' | 'exists';

/** One condition on a caller. What a caller does not have at all fits no condition, the negative ones included. */
export type ClaimMatcher =
  | { readonly role: string }
  | { readonly scope: string }
  | {
      /** Names from the token's claims down, joined by dots, or as a list where a name has a dot in it. */
      readonly json_path: string | readonly string[];
      readonly operator: ClaimOperator;
      readonly value?: Json;
    };

/** Who may see and call which groups of tools. */
export interface AccessPolicy {
  /** All of these; with none, everybody who has a valid token. */
  readonly claim_matchers: readonly ClaimMatcher[];
  readonly allowed_group_ids: readonly string[];
  readonly is_active: boolean;
}

/** Whether a tool is in a group. */
export function isInGroup(
  group: ToolGroup,
  tool: Pick<Tool, 'id' | 'sourceSlug' | 'operationId' | 'path' | 'method' | 'tags'>,
): boolean {
  if (!group.is_active || group.excluded_tool_ids.includes(tool.id)) return false;
  return group.explicit_tool_ids.includes(tool.id) || group.selectors.some((selector) => selects(selector, tool));
}

function selects(
  selector: ToolSelector,
  tool: Pick<Tool, 'sourceSlug' | 'operationId' | 'path' | 'method' | 'tags'>,
): boolean {
  const { source_pattern, name_pattern, path_pattern, method_pattern, required_tags, excluded_tags } = selector;
  return (
    (source_pattern === undefined || fits(source_pattern, tool.sourceSlug, '.*')) &&
    (name_pattern === undefined || fits(name_pattern, tool.operationId, '.*')) &&
    (path_pattern === undefined || fits(path_pattern, tool.path, '[^/]*')) &&
    (method_pattern === undefined || fits(method_pattern.toUpperCase(), tool.method, '.*')) &&
    (required_tags === undefined || required_tags.every((tag) => tool.tags.includes(tag))) &&
    (excluded_tags === undefined || !excluded_tags.some((tag) => tool.tags.includes(tag)))
  );
}

function fits(pattern: string, text: string, star: string): boolean {
  const parts = pattern.split(/(\*+)/).map((part) => {
    if (part.startsWith('*')) return part.length > 1 ? '.*' : star;
    return part.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`, 's').test(text);
}

/** Whether a policy is for this caller. */
export function appliesTo(policy: AccessPolicy, caller: Pick<Caller, 'principal' | 'roles'>): boolean {
  return policy.is_active && policy.claim_matchers.every((matcher) => matches(matcher, caller));
}

function matches(matcher: ClaimMatcher, caller: Pick<Caller, 'principal' | 'roles'>): boolean {
  if ('role' in matcher) return caller.roles.includes(matcher.role);
  if ('scope' in matcher) return caller.principal.scopes.includes(matcher.scope);
  const { json_path: path, operator, value } = matcher;
  const found = readClaim(caller.principal, typeof path === 'string' ? path.split('.') : path);
  if (operator === 'exists') return (found !== undefined && found !== null) === (value !== false);
  if (found === undefined || found === null) return false;
  switch (operator) {
    case 'equals':
      return isSame(found, value);
    case 'not_equals':
      return !isSame(found, value);
    case 'contains':
      return contains(found, value);
    case 'not_contains':
      return !contains(found, value);
    case 'in':
      return Array.isArray(value) && value.some((one: Json) => isSame(found, one));
  }
}

/**
 * What narrows a personal access token narrows the claims that say the same: roles that its owner has lost, and scopes
 * that it was made without, are in the token's text still.
 */
function readClaim(principal: Caller['principal'], path: readonly string[]): Json | undefined {
  const [first, second, third] = path;
  if (first === 'realm_access' && second === 'roles' && path.length === 2) return [...principal.roles.realm];
  if (first === 'resource_access' && third === 'roles' && path.length === 3) {
    const roles = Object.hasOwn(principal.roles.clients, second ?? '')
      ? principal.roles.clients[second ?? '']
      : undefined;
    return roles === undefined ? undefined : [...roles];
  }
  if (first === 'scope' && path.length === 1) return [...principal.scopes];
  // Claims are JSON as the issuer wrote it.
  let value = principal.claims as Json | undefined;
  for (const name of path) {
    value = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

function isSame(found: Json, value: Json | undefined): boolean {
  return typeof found === 'object' || typeof value === 'object' ? false : found === value;
}

/** A list has a member; of text, a word of it, as scopes are written. A part of a word would let `admin` match `not-admin`. */
function contains(found: Json, value: Json | undefined): boolean {
  if (Array.isArray(found)) return found.some((one) => isSame(one, value));
  return typeof found === 'string' && typeof value === 'string' && found.split(' ').includes(value);
}
