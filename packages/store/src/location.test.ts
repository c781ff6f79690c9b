import { describe, expect, it } from 'vitest';
import { parseStoreUrl } from './location.ts';

describe('the URL of a store', () => {
  it.each([
    ['sqlite::memory:', { dialect: 'sqlite', path: ':memory:' }],
    ['sqlite:.keyturn/keyturn.db', { dialect: 'sqlite', path: '.keyturn/keyturn.db' }],
    ['sqlite:/var/lib/key turn.db', { dialect: 'sqlite', path: '/var/lib/key turn.db' }],
    ['postgres://u:p@h/d', { dialect: 'postgres', url: 'postgres://u:p@h/d' }],
    [
      'postgresql://u@h:5433/d?sslmode=require',
      { dialect: 'postgres', url: 'postgresql://u@h:5433/d?sslmode=require' },
    ],
  ])('may be %s', (text, value) => {
    expect(parseStoreUrl(text)).toEqual({ ok: true, value });
  });

  it.each([
    '',
    'keyturn.db',
    'sqlite:',
    'sqlite:///var/lib/keyturn.db',
    'sqlite:a\0b',
    'mysql://u:s3cret@h/d',
    'postgres://u:s3cret@h:port/d',
    'postgres:u:s3cret@h/d',
  ])('cannot be "%s", and the message does not repeat it', (text) => {
    const read = parseStoreUrl(text);
    expect(read.ok).toBe(false);
    expect(read.ok || read.refusal).not.toContain('s3cret');
  });
});
