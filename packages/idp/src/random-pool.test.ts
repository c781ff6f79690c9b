import { describe, expect, it } from 'vitest';
import { createRandomPool } from './random-pool.ts';

describe('a pool of random bytes', () => {
  it('gives each byte once, in blocks of its own choosing', () => {
    let next = 0;
    const drawn: number[] = [];
    const pool = createRandomPool((count) => {
      drawn.push(count);
      return Uint8Array.from({ length: count }, () => next++ % 251);
    });
    const given = Array.from({ length: 600 }, () => [...pool(16)]).flat();
    // 4096 is a whole number of sixteens: nothing is left over between two blocks.
    expect(given).toEqual(Array.from({ length: 9600 }, (_, index) => index % 251));
    expect(drawn).toEqual([4096, 4096, 4096]);
  });

  it('draws for itself what is larger than a quarter of a block', () => {
    const drawn: number[] = [];
    const pool = createRandomPool((count) => {
      drawn.push(count);
      return new Uint8Array(count);
    });
    expect(pool(2048)).toHaveLength(2048);
    expect(pool(1024)).toHaveLength(1024);
    expect(drawn).toEqual([2048, 4096]);
  });
});
