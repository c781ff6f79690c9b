import { describe, expect, it } from 'vitest';
import { matchesName, parseHostPattern } from './host-pattern.ts';

describe('an entry of a list of hosts', () => {
  it.each([
    'localhost',
    'localhost:8000',
    'idp.example.',
    'idp.example.:8443',
    'LOCALHOST',
    'my_service',
    'a.b-c.example',
    '*.svc.cluster.local',
    '*.svc.cluster.local:8080',
    '127.0.0.1',
    '127.0.0.1:8000',
    '::1',
    '[::1]',
    '[::1]:8000',
    '10.0.0.0/8',
    'fd00::/8',
    ' localhost ',
    'xn--bcher-kva.example',
  ])('may be "%s"', (entry) => {
    expect(parseHostPattern(entry).ok).toBe(true);
  });

  it.each([
    '',
    '*',
    '*.',
    '*.*.example',
    'a.*.example',
    'http://localhost',
    'localhost/path',
    'localhost:',
    'localhost:0',
    'localhost:65536',
    'localhost:8000:1',
    'user@localhost',
    '10.0.0.0/33',
    '10.0.0/8',
    '127.1',
    '0x7f.1',
    '2130706433',
    '1.2.3.4.5',
    '[localhost]',
    '[::1',
    'a..b',
    '-a.example',
    'a b',
    `${'a'.repeat(64)}.example`,
  ])('cannot be "%s"', (entry) => {
    expect(parseHostPattern(entry)).toMatchObject({ ok: false, refusal: expect.stringContaining('is not a host') });
  });
});

describe('a host name', () => {
  const matches = (entry: string, host: string, port = 80) => {
    const pattern = parseHostPattern(entry);
    return pattern.ok && matchesName(pattern.value, host, port);
  };

  it.each([
    ['localhost', 'localhost', 80],
    ['localhost', 'localhost.', 80],
    ['localhost:8000', 'localhost', 8000],
    ['*.cluster.local', 'a.cluster.local', 80],
    ['*.cluster.local', 'a.b.cluster.local', 80],
    ['*.cluster.local:8000', 'a.cluster.local', 8000],
  ])('fits the entry %s as %s:%d', (entry, host, port) => {
    expect(matches(entry, host, port)).toBe(true);
  });

  it.each([
    ['localhost', 'localhost.evil.example', 80],
    ['localhost', 'notlocalhost', 80],
    ['localhost:8000', 'localhost', 8001],
    ['*.cluster.local', 'cluster.local', 80],
    ['*.cluster.local', '.cluster.local', 80],
    ['*.cluster.local', 'evilcluster.local', 80],
    ['*.cluster.local', 'a.cluster.local.evil.example', 80],
    ['127.0.0.1', '127.0.0.1.evil.example', 80],
  ])('does not fit the entry %s as %s:%d', (entry, host, port) => {
    expect(matches(entry, host, port)).toBe(false);
  });
});
