import { randomBytes } from 'node:crypto';
import type { Random } from '@keyturn/protocol';

const blockSize = 4096;

/**
 * Random bytes, drawn from the system a block at a time: to ask for 16 costs as much as all else of making an id. No
 * byte is given twice.
 */
export function createRandomPool(draw: Random = randomBytes): Random {
  let block: Uint8Array = new Uint8Array(0);
  let used = 0;
  return (count) => {
    if (count > blockSize / 4) return draw(count);
    if (used + count > block.length) {
      block = draw(blockSize);
      used = 0;
    }
    used += count;
    return block.slice(used - count, used);
  };
}
