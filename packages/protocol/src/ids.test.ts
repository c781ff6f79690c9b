import { describe, expect, it } from 'vitest';
import { isId, newId } from './ids.ts';

describe('an id', () => {
  it('carries its kind and 26 letters that survive being read aloud', () => {
    const id = newId('src', (n) => Uint8Array.from({ length: n }, (_, i) => i * 11));
    expect(id).toMatch(/^src_[0-9a-hjkmnp-tv-z]{26}$/);
    expect(isId('src', id)).toBe(true);
  });

  it('is not taken for one of another kind, another length or another alphabet', () => {
    const id = newId('src', (n) => new Uint8Array(n));
    expect(isId('pat', id)).toBe(false);
    expect(isId('src', `${id}0`)).toBe(false);
    expect(isId('src', `${id.slice(0, -1)}u`)).toBe(false);
    expect(isId('src', `${id.slice(0, -1)}\n`)).toBe(false);
  });
});
