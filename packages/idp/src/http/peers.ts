import { BlockList, isIP } from 'node:net';

/** The set of peers whose forwarded headers are believed. */
export function trustedPeers(addresses: readonly string[] | undefined): (address: string) => boolean {
  const list = new BlockList();
  for (const entry of addresses ?? ['127.0.0.0/8', '::1']) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(address) === 0)
      throw new Error(`proxy-trusted-addresses: ${entry} is neither an address nor a CIDR range`);
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    const plain = address.replace(/^::ffff:/, '');
    const version = isIP(plain);
    return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4');
  };
}
