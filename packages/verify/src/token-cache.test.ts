import { describe, expect, it } from 'vitest';
import { createTokenCache } from './token-cache.ts';

describe('the memory of tokens', () => {
  it('stays within its bound', () => {
    const cache = createTokenCache<number>(10);
    for (let i = 0; i < 1000; i++) cache.set(`token-${i}`, i);
    expect(cache.size).toBeLessThanOrEqual(10);
    expect(cache.get('token-999')).toBe(999);
    expect(cache.get('token-0')).toBeUndefined();
  });

  it('keeps what is used while others pass by', () => {
    const cache = createTokenCache<number>(10);
    cache.set('used', 1);
    for (let i = 0; i < 1000; i++) {
      cache.set(`token-${i}`, i);
      expect(cache.get('used')).toBe(1);
    }
    expect(cache.size).toBeLessThanOrEqual(10);
  });

  it('forgets on demand, in either generation', () => {
    const cache = createTokenCache<number>(4);
    for (const name of ['a', 'b', 'c']) cache.set(name, 1);
    for (const name of ['a', 'b', 'c']) cache.delete(name);
    expect(cache.size).toBe(0);
  });

  it('of size zero remembers nothing', () => {
    const cache = createTokenCache<number>(0);
    cache.set('a', 1);
    expect(cache.get('a')).toBeUndefined();
  });
});
