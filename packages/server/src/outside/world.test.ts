import { describe, expect, it } from 'vitest';
import { systemRandom } from './world.ts';

describe('randomness', () => {
  it('never hands out the same bytes twice, across refills and for long requests', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 2000; i++) seen.add(Buffer.from(systemRandom(26)).toString('hex'));
    expect(seen.size).toBe(2000);
    expect(systemRandom(100_000)).toHaveLength(100_000);
    expect(Buffer.from(systemRandom(32)).equals(Buffer.alloc(32))).toBe(false);
  });

  it('is not changed by who keeps it', () => {
    const first = systemRandom(16);
    const copy = Buffer.from(first).toString('hex');
    systemRandom(8000);
    systemRandom(8000);
    expect(Buffer.from(first).toString('hex')).toBe(copy);
  });
});
