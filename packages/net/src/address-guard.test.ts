import { describe, expect, it } from 'vitest';
import { createAddressGuard } from './address-guard.ts';

const check = (address: string, allowPrivateHosts: readonly string[] = [], host = 'example.com', port = 443) =>
  createAddressGuard({ allowPrivateHosts, allowedHosts: undefined }).checkAddress(host, port, address);

describe('an address', () => {
  it.each(['8.8.8.8', '1.1.1.1', '93.184.215.14', '2606:4700::1111', '2a00:1450:4001::1'])(
    'that is public may be connected to: %s',
    (address) => {
      expect(check(address)).toBeUndefined();
    },
  );

  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['::1', 'loopback'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['169.254.1.1', 'linkLocal'],
    ['fe80::1', 'linkLocal'],
    ['fe80::1%eth0', 'linkLocal'],
    ['169.254.169.254', 'metadata'],
    ['fd00:ec2::254', 'metadata'],
    ['168.63.129.16', 'metadata'],
    ['100.100.100.200', 'metadata'],
    ['fd12:3456::1', 'uniqueLocal'],
    ['fec0::1', 'deprecatedSiteLocal'],
    ['224.0.0.1', 'multicast'],
    ['ff02::1', 'multicast'],
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['::', 'unspecified'],
    ['255.255.255.255', 'broadcast'],
    ['100.64.0.1', 'carrierGradeNat'],
    ['198.18.0.1', 'reserved'],
    ['2001:2::1', 'benchmarking'],
    ['192.0.2.1', 'reserved'],
    ['203.0.113.7', 'reserved'],
    ['240.0.0.1', 'reserved'],
    ['2001:db8::1', 'reserved'],
    ['::ffff:127.0.0.1', 'ipv4Mapped'],
    ['::ffff:8.8.8.8', 'ipv4Mapped'],
    ['::ffff:7f00:1', 'ipv4Mapped'],
    ['::ffff:169.254.169.254', 'metadata'],
    ['::7f00:1', 'reserved'],
    ['64:ff9b::7f00:1', 'rfc6052'],
    ['64:ff9b::169.254.169.254', 'metadata'],
    ['2002:7f00:1::', '6to4'],
    ['2001:0:7f00:1::', 'teredo'],
    ['4000::1', 'reserved'],
    ['not an address', 'unreadable'],
    ['', 'unreadable'],
  ])('that is not public is refused: %s is %s', (address, range) => {
    expect(check(address)).toEqual({ why: 'blocked-address', host: 'example.com', port: 443, address, range });
  });
});

describe('a list of private hosts', () => {
  it.each([
    ['its name', '10.1.2.3', ['svc.example'], 'svc.example', 443],
    ['its name and port', '127.0.0.1', ['svc.example:443'], 'svc.example', 443],
    ['a suffix of its name', 'fd12::1', ['*.cluster.local'], 'a.cluster.local', 443],
    ['its address', '127.0.0.1', ['127.0.0.1'], '127.0.0.1', 443],
    ['its address and port', '127.0.0.1', ['127.0.0.1:8000'], 'localhost', 8000],
    ['its v6 address and port', '::1', ['[::1]:8000'], '::1', 8000],
    ['a range', '10.200.0.1', ['10.0.0.0/8'], 'anything.example', 443],
    ['the range of the v4 address inside it', '::ffff:10.0.0.1', ['10.0.0.0/8'], 'example.com', 443],
    ['the exact metadata address', '169.254.169.254', ['169.254.169.254'], 'x', 80],
    ['a range of link-local addresses', '169.254.1.1', ['169.254.0.0/16'], 'x', 80],
  ])('opens a host by %s', (_, address, entries, host, port) => {
    expect(check(address, entries, host, port)).toBeUndefined();
  });

  it.each([
    ['another port', '127.0.0.1', ['svc.example:8000'], 'svc.example', 443],
    ['another name', '127.0.0.1', ['svc.example'], 'evil.example', 443],
    ['another address', '10.0.0.2', ['10.0.0.1'], 'x', 443],
    ['a range beside it', '172.16.0.1', ['10.0.0.0/8'], 'x', 443],
    ['a v4 range for a v6 address', 'fd00::1', ['0.0.0.0/0'], 'x', 443],
    ['a name that leads to cloud metadata', '169.254.169.254', ['svc.example'], 'svc.example', 80],
    ['a range that holds cloud metadata', '169.254.169.254', ['169.254.0.0/16', '0.0.0.0/0'], 'x', 80],
    ['a range that holds cloud metadata in v6', 'fd00:ec2::254', ['fd00::/8'], 'x', 80],
    ['a range that holds cloud metadata through NAT64', '64:ff9b::a9fe:a9fe', ['64:ff9b::/96'], 'x', 80],
    ['a name that leads to a link-local address', '169.254.1.1', ['svc.example'], 'svc.example', 80],
    ['a name that leads to multicast', '224.0.0.1', ['svc.example'], 'svc.example', 80],
    ['a name that leads nowhere', '0.0.0.0', ['svc.example'], 'svc.example', 80],
  ])('does not open a host by %s', (_, address, entries, host, port) => {
    expect(check(address, entries, host, port)).toMatchObject({ why: 'blocked-address' });
  });

  it('names every entry that cannot be read', () => {
    const lists = { allowPrivateHosts: ['ok.example', 'http://a', '*'], allowedHosts: undefined };
    expect(() => createAddressGuard(lists)).toThrow(/"http:\/\/a" is not a host.*"\*" is not a host/);
  });
});

describe('a list of allowed hosts', () => {
  const guard = createAddressGuard({
    allowPrivateHosts: [],
    allowedHosts: ['api.example', '*.cdn.example:443', '10.0.0.0/8'],
  });

  it('lets through what it names', () => {
    expect(guard.checkHost('api.example', 443)).toBeUndefined();
    expect(guard.checkHost('a.cdn.example', 443)).toBeUndefined();
    expect(guard.checkHost('10.1.1.1', 443)).toBeUndefined();
  });

  it('refuses every other host', () => {
    expect(guard.checkHost('a.cdn.example', 80)).toEqual({ why: 'blocked-host', host: 'a.cdn.example', port: 80 });
    expect(guard.checkHost('api.example.evil.example', 443)).toMatchObject({ why: 'blocked-host' });
    expect(guard.checkHost('[::1]', 443)).toMatchObject({ why: 'blocked-host' });
  });

  it('makes no private address public', () => {
    expect(guard.checkAddress('api.example', 443, '127.0.0.1')).toMatchObject({ why: 'blocked-address' });
    expect(guard.checkAddress('10.1.1.1', 443, '10.1.1.1')).toMatchObject({ why: 'blocked-address' });
  });
});
