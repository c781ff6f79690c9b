import { BlockList, isIPv6, type Socket } from 'node:net';

/** Whether a connection comes from a proxy that may ask. Whoever may can have reference tokens swapped. */
export type IsProxy = (socket: Pick<Socket, 'remoteAddress'>) => boolean;

/** Throws a TypeError on what is no address and no network. */
export function readProxies(cidrs: readonly string[]): IsProxy {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', prefix, ...more] = cidr.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    try {
      if (prefix === undefined) list.addAddress(address, family);
      else if (more.length === 0 && /^\d{1,3}$/.test(prefix)) list.addSubnet(address, Number(prefix), family);
      else throw new TypeError('no prefix');
    } catch {
      throw new TypeError(`edge.proxies: ${cidr} is neither an address nor a network`);
    }
  }
  const known = new WeakMap<object, boolean>();
  return (socket) => {
    const before = known.get(socket);
    if (before !== undefined) return before;
    const { remoteAddress = '' } = socket;
    const plain = remoteAddress.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress;
    const answer = list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
    known.set(socket, answer);
    return answer;
  };
}
