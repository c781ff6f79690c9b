import { describe, expect, it } from 'vitest';
import { parseScopes } from './scopes.ts';

describe('a scope list', () => {
  it('keeps the order and drops repetitions and empty words', () => {
    expect(parseScopes('openid  profile openid email ')).toEqual(['openid', 'profile', 'email']);
  });

  it('is empty when the token has none', () => {
    expect(parseScopes(undefined)).toEqual([]);
    expect(parseScopes('')).toEqual([]);
  });
});
