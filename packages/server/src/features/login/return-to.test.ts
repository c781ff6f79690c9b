import { describe, expect, it } from 'vitest';
import { safeReturnTo } from './return-to.ts';

const own = 'https://keyturn.example';

describe('where a browser goes after a login', () => {
  it.each(['/', '/a/b?x=1&y=%2F#z', '/api/v1/tools', '/loginpage'])('is a path of our own: %s', (path) => {
    expect(safeReturnTo(path, own)).toBe(path);
  });

  it.each([
    undefined,
    ['/a', '/b'],
    '',
    'a',
    'https://evil.example',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/..//evil.example',
    '/.//evil.example',
    '/%2e//evil.example',
    'javascript:alert(1)',
    '/login',
    '/login/start?ticket=x',
    '/logout',
    `/${'a'.repeat(2001)}`,
  ])('is the start page for %j', (asked) => {
    expect(safeReturnTo(asked, own)).toBe('/');
  });
});
