import { describe, expect, it } from 'vitest';
import { type AccessPolicy, appliesTo, type ClaimMatcher, isInGroup, type ToolSelector } from './access.ts';

const tool = {
  id: 'shop/orders.list',
  sourceSlug: 'shop',
  operationId: 'orders.list',
  method: 'GET',
  path: '/orders/{id}/lines',
  tags: ['orders', 'read'],
};
const inGroup = (selector: ToolSelector, more: object = {}) =>
  isInGroup({ selectors: [selector], explicit_tool_ids: [], excluded_tool_ids: [], is_active: true, ...more }, tool);

describe('a tool group', () => {
  it('has the tools to which every member of one selector applies', () => {
    const yes: ToolSelector[] = [
      { source_pattern: 'sh*' },
      { name_pattern: 'orders.*' },
      { path_pattern: '/orders/*/lines' },
      { path_pattern: '/orders/**' },
      { method_pattern: 'get' },
      { required_tags: ['orders', 'read'] },
      { source_pattern: 'shop', excluded_tags: ['admin'] },
    ];
    for (const selector of yes) expect([selector, inGroup(selector)]).toEqual([selector, true]);
    const no: ToolSelector[] = [
      { source_pattern: 'sho' },
      { name_pattern: 'ordersXlist' },
      { path_pattern: '/orders/*' },
      { required_tags: ['orders', 'admin'] },
      { source_pattern: 'shop', excluded_tags: ['read'] },
      { source_pattern: '(s+)+hop' },
    ];
    for (const selector of no) expect([selector, inGroup(selector)]).toEqual([selector, false]);
  });

  it('has what is named besides, and never what is excluded by name, nor anything while it is not active', () => {
    const nothing = { selectors: [] };
    expect(inGroup({}, { ...nothing, explicit_tool_ids: [tool.id] })).toBe(true);
    expect(inGroup({ source_pattern: '*' }, { explicit_tool_ids: [tool.id], excluded_tool_ids: [tool.id] })).toBe(
      false,
    );
    expect(inGroup({ source_pattern: '*' }, { is_active: false })).toBe(false);
  });
});

const caller = {
  roles: ['chef'],
  principal: {
    issuer: 'https://id.example',
    identity: 'john',
    subject: 'john',
    client: 'web',
    serviceAccount: false,
    audiences: [],
    scopes: ['read'],
    // A personal access token: its owner has lost `boss`, and it was made without the scope `write`.
    roles: { realm: ['chef'], clients: { 'my.api': ['writer'] } },
    tokenId: undefined,
    sessionId: undefined,
    issuedAt: undefined,
    expiresAt: 2_000_000_000 as never,
    claims: {
      department: 'kitchen',
      groups: ['/eu/cooks'],
      level: 3,
      staff: true,
      scope: 'read write',
      realm_access: { roles: ['chef', 'boss'] },
      resource_access: { 'my.api': { roles: ['writer'] } },
    },
  },
};
const applies = (...matchers: ClaimMatcher[]) => {
  const policy: AccessPolicy = { claim_matchers: matchers, allowed_group_ids: [], is_active: true };
  return appliesTo(policy, caller);
};

describe('an access policy', () => {
  it('is for callers whom every condition fits', () => {
    const yes: ClaimMatcher[] = [
      { role: 'chef' },
      { scope: 'read' },
      { json_path: 'department', operator: 'equals', value: 'kitchen' },
      { json_path: 'department', operator: 'in', value: ['bar', 'kitchen'] },
      { json_path: 'department', operator: 'not_equals', value: 'bar' },
      { json_path: 'groups', operator: 'contains', value: '/eu/cooks' },
      { json_path: 'groups', operator: 'not_contains', value: '/eu' },
      { json_path: 'level', operator: 'equals', value: 3 },
      { json_path: 'staff', operator: 'equals', value: true },
      { json_path: ['resource_access', 'my.api', 'roles'], operator: 'contains', value: 'writer' },
      { json_path: 'realm_access.roles', operator: 'contains', value: 'chef' },
      { json_path: 'nothing', operator: 'exists', value: false },
    ];
    for (const matcher of yes) expect([matcher, applies(matcher)]).toEqual([matcher, true]);
    expect(applies(...yes)).toBe(true);
    expect(applies(...yes, { role: 'boss' })).toBe(false);
  });

  it('is for nobody by what they do not have, by a part of a word, or by a value of another type', () => {
    const no: ClaimMatcher[] = [
      { json_path: 'nothing', operator: 'not_equals', value: 'x' },
      { json_path: 'nothing.deeper', operator: 'not_contains', value: 'x' },
      { json_path: 'department', operator: 'contains', value: 'kit' },
      { json_path: 'level', operator: 'equals', value: '3' },
      { json_path: 'constructor.name', operator: 'exists' },
      { json_path: 'groups', operator: 'equals', value: '/eu/cooks' },
    ];
    for (const matcher of no) expect([matcher, applies(matcher)]).toEqual([matcher, false]);
  });

  it('does not see what a personal access token was cut by', () => {
    expect(applies({ json_path: 'realm_access.roles', operator: 'contains', value: 'boss' })).toBe(false);
    expect(applies({ json_path: 'scope', operator: 'contains', value: 'write' })).toBe(false);
  });
});
