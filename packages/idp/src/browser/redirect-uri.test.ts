import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdsAnswerParameter, matchesRedirectUri } from './redirect-uri.ts';

const app = ['http://localhost:3000/app/*'];
const exact = ['https://app.example.com/callback'];
const matches = (patterns: readonly string[], address: string, root?: string): boolean =>
  matchesRedirectUri(patterns, root, address);

describe('a redirect address', () => {
  it.each([
    [exact, 'https://app.example.com/callback'],
    [exact, 'https://APP.example.com/callback'],
    [app, 'http://localhost:3000/app/callback'],
    [app, 'http://localhost:3000/app'],
    [app, 'http://localhost:3000/app/cb?next=%2Fhome'],
    [['http://localhost:3000/app*'], 'http://localhost:3000/application'],
    [['https://app.example.com*'], 'https://app.example.com/anything'],
    [['*'], 'https://anywhere.example.com/cb'],
    [['http://127.0.0.1/cb'], 'http://127.0.0.1:51234/cb'],
    [['http://localhost/*'], 'http://localhost:51234/cb'],
    [['http://[::1]/cb'], 'http://[::1]:51234/cb'],
    [['http://[::1]:3000/*'], 'http://[::1]:3000/cb'],
    [['https://app.example.com:443/cb'], 'https://app.example.com:443/cb'],
    [['com.example.app:/cb'], 'com.example.app:/cb'],
    [['com.example.app:/*'], 'com.example.app:/oauth/cb'],
  ])('is taken when %s covers %s', (patterns, address) => {
    expect(matches(patterns, address)).toBe(true);
  });

  it.each([
    ['another host', exact, 'https://evil.example.com/callback'],
    ['a host that begins like ours', ['https://app.example.com*'], 'https://app.example.com.evil.com/'],
    ['a host that ends like ours', exact, 'https://evil.com/https://app.example.com/callback'],
    ['a longer path than the exact one', exact, 'https://app.example.com/callback/x'],
    ['a query on an exact one', exact, 'https://app.example.com/callback?x=1'],
    ['another scheme', exact, 'http://app.example.com/callback'],
    ['another port', exact, 'https://app.example.com:8443/callback'],
    ['the default port spelled out', exact, 'https://app.example.com:443/callback'],
    ['a path in another case', exact, 'https://app.example.com/Callback'],
    ['a fragment', app, 'http://localhost:3000/app/cb#x'],
    ['an empty fragment', exact, 'https://app.example.com/callback#'],
    ['user information', app, 'http://localhost:3000@evil.com/app/cb'],
    ['user information before our host', app, 'http://user@localhost:3000/app/cb'],
    ['an encoded at sign in the host', ['*'], 'http://localhost%40evil.com/app/cb'],
    ['a backslash', app, 'http://localhost:3000/app/\\evil.com'],
    ['a backslash before the host', ['*'], 'http:\\\\evil.com/app'],
    ['a backslash that hides the host', app, 'http://evil.com\\@localhost:3000/app/cb'],
    ['an encoded backslash below a prefix', app, 'http://localhost:3000/app/%5c..%5cevil'],
    ['dot segments below a prefix', app, 'http://localhost:3000/app/../admin'],
    ['dot segments at the end', app, 'http://localhost:3000/app/..'],
    ['encoded dot segments', app, 'http://localhost:3000/app/%2e%2e/admin'],
    ['half-encoded dot segments', app, 'http://localhost:3000/app/.%2E/admin'],
    ['dot segments with a path parameter', app, 'http://localhost:3000/app/..;/admin'],
    ['an encoded slash below a prefix', app, 'http://localhost:3000/app/..%2fadmin'],
    ['a doubly encoded dot segment', app, 'http://localhost:3000/app/%252e%252e/admin'],
    ['a trailing dot after the host', app, 'http://localhost.:3000/app/cb'],
    ['the long form of an IPv6 address', ['http://[::1]:3000/*'], 'http://[0:0:0:0:0:0:0:1]:3000/cb'],
    ['a number for a host', ['*'], 'http://0x7f.1/cb'],
    ['a scheme without slashes', ['*'], 'http:evil.com/cb'],
    ['three slashes', ['*'], 'https:///evil.com/cb'],
    ['a tab inside', app, 'http://localhost:3000/app/\tcb'],
    ['a line break', app, 'http://localhost:3000/app/\r\nset-cookie:x'],
    ['a blank before', exact, ' https://app.example.com/callback'],
    ['letters that look like ours', exact, 'https://аpp.example.com/callback'],
    ['a script', ['*'], 'javascript:alert(1)'],
    ['a data document', ['data:*'], 'data:text/html,x'],
    ['something that is no address', app, 'app/cb'],
    ['an address without scheme', ['*'], '//evil.com/cb'],
    ['a loopback port on a host that is not loopback', ['http://localhost/*'], 'http://localhost.evil.com:80/cb'],
    ['a loopback port over https', ['https://localhost/cb'], 'https://localhost:8443/cb'],
    ['nothing', app, ''],
  ])('is refused with %s', (_what, patterns, address) => {
    expect(matches(patterns, address)).toBe(false);
  });

  it('is resolved against the root of the client when the pattern is a path', () => {
    expect(matches(['/cb/*'], 'https://app.example.com/cb/x', 'https://app.example.com')).toBe(true);
    expect(matches(['/cb/*'], 'https://app.example.com/cb/x', 'https://app.example.com/')).toBe(true);
    expect(matches(['/cb/*'], 'https://evil.example.com/cb/x', 'https://app.example.com')).toBe(false);
    expect(matches(['/cb/*'], 'https://app.example.com/cb/x')).toBe(false);
    expect(matches(['/*'], '/cb', 'https://app.example.com')).toBe(false);
  });

  it('that is taken below a prefix is below it for a browser too, whatever it is made of', () => {
    const pieces = [
      ...[
        'http://localhost:3000/app/',
        'http://localhost:3000/app',
        'http://LOCALHOST:3000/app/',
        'HTTP://localhost:3000/app/',
      ],
      ...[
        'http://',
        'https://',
        '//',
        '/',
        '\\',
        '@',
        ':',
        '.',
        '..',
        '%2e',
        '%2E',
        '%2f',
        '%5c',
        '%252e',
        ';',
        '?',
        '#',
      ],
      ...['evil.com', 'localhost', ':3000', ':80', 'app', 'x', '%00', '%0a', '\t', '[::1]', '。', '%40', '&', '='],
    ];
    let taken = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 7 }), (parts) => {
        const address = parts.join('');
        if (!matches(app, address)) return;
        taken += 1;
        const url = new URL(address);
        expect(url.origin).toBe('http://localhost:3000');
        expect(url.pathname).toMatch(/^\/app(?:\/|$)/);
        expect(decodeURIComponent(url.pathname)).not.toMatch(/\/\.{1,2}(?:[/;]|$)|\\/);
      }),
      { numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(20);
  });

  it('is never matched by a plus, which only other lists know', () => {
    expect(matches(['+'], 'https://app.example.com/cb')).toBe(false);
  });

  it('may hold parameters of its own, but none of our answer', () => {
    expect(holdsAnswerParameter('https://app.example.com/cb?next=1')).toBe(false);
    expect(holdsAnswerParameter('https://app.example.com/cb?code=x')).toBe(true);
    expect(holdsAnswerParameter('https://app.example.com/cb?%73tate=x')).toBe(true);
    expect(holdsAnswerParameter('https://app.example.com/cb?iss=https%3A%2F%2Fevil')).toBe(true);
  });
});
