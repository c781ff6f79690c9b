import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSeal } from './seal.ts';

const key = (byte: number) => Buffer.alloc(32, byte).toString('base64');

describe('what is sealed', () => {
  it('opens with its key and for its context, and with nothing else', () => {
    const seal = createSeal([key(1)], randomBytes);
    const sealed = seal.seal('refresh-token', 'john');
    expect(sealed).not.toContain('refresh-token');
    expect(seal.open(sealed, 'john')).toBe('refresh-token');
    expect(seal.open(sealed, 'jane')).toBeUndefined();
    expect(createSeal([key(2)], randomBytes).open(sealed, 'john')).toBeUndefined();
    expect(seal.seal('refresh-token', 'john')).not.toBe(sealed);
  });

  it('cannot be changed, cut short or made up', () => {
    const seal = createSeal([key(1)], randomBytes);
    const sealed = seal.seal('x'.repeat(50), 'john');
    const [id = '', nonce = '', body = ''] = sealed.split('.');
    const bytes = Buffer.from(body, 'base64url');
    bytes[3] = (bytes[3] ?? 0) ^ 1;
    for (const other of [
      `${id}.${nonce}.${bytes.toString('base64url')}`,
      `${id}.${nonce}.${body.slice(0, -8)}`,
      `${id}.${nonce}.`,
      `${id}..${body}`,
      '',
      '...',
    ]) {
      expect(seal.open(other, 'john'), other).toBeUndefined();
    }
  });

  it('still opens after a new key has been put in front', () => {
    const sealed = createSeal([key(1)], randomBytes).seal('text', 'c');
    const next = createSeal([key(2), key(1)], randomBytes);
    expect(next.open(sealed, 'c')).toBe('text');
    expect(createSeal([key(1)], randomBytes).open(next.seal('text', 'c'), 'c')).toBeUndefined();
  });

  it('needs keys of 32 bytes', () => {
    for (const bad of ['', 'short', Buffer.alloc(31).toString('base64'), Buffer.alloc(33).toString('base64')]) {
      expect(() => createSeal([bad], randomBytes)).toThrow('32 bytes');
    }
  });
});
