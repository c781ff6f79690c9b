import { describe, expect, it } from 'vitest';
import { fitsPath, readPath, splitPattern } from './route-path.ts';

describe('a path', () => {
  it.each([
    ['/', []],
    ['/a/b', ['a', 'b']],
    ['/a/b/?x=/../y', ['a', 'b']],
    ['/%61dmin/%7Euser', ['admin', '~user']],
    ['/caf%c3%a9', ['caf%C3%A9']],
  ])('%s is read in the one way there is', (target, segments) => {
    expect(readPath(target)).toEqual({ ok: true, value: segments });
  });

  it.each([
    '/public/../admin',
    '/public/./admin',
    '/public/%2e%2e/admin',
    '/public/%2E./admin',
    '/public%2fadmin',
    '/public%5Cadmin',
    '/public\\admin',
    '//admin',
    '/public//admin',
    '/admin//',
    '/admin;x=1',
    '/admin%3bx',
    '/admin%00',
    '/admin%252e',
    '/admin%zz',
    '/admin%2',
    '/admin#x',
    'admin',
    'http://elsewhere/admin',
    '',
    '/ädmin',
    '/a b',
  ])('%s is refused, since a proxy and an upstream may read it differently', (target) => {
    expect(readPath(target).ok).toBe(false);
  });
});

describe('a rule’s path', () => {
  it.each([
    ['/api/**', '/api', true],
    ['/api/**', '/api/a/b', true],
    ['/api/**', '/apix', false],
    ['/api/*/x', '/api/1/x', true],
    ['/api/*/x', '/api/1/2/x', false],
    ['/api/*', '/api', false],
    ['/', '/', true],
    ['/**', '/', true],
    ['/a', '/a/', true],
    ['/a', '/A', false],
  ])('%s and %s: %s', (pattern, target, fits) => {
    const path = readPath(target);
    expect(path.ok && fitsPath(splitPattern(pattern), path.value)).toBe(fits);
  });
});
