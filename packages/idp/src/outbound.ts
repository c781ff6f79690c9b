import type { GuardedFetch } from '@keyturn/net';

/**
 * The guarded fetch for what the identity provider asks of others: keys and metadata of clients, back-channel logout.
 * It is loaded when first needed, since most runs never need it and loading it takes a fifth of the start.
 */
export function createOutboundFetch(allowPrivateHosts: readonly string[]): GuardedFetch {
  let opened: Promise<GuardedFetch> | undefined;
  const open = (): Promise<GuardedFetch> => {
    opened ??= import('@keyturn/net').then((net) => net.createGuardedFetch({ allowPrivateHosts }));
    return opened;
  };
  const close = async (): Promise<void> => {
    await (await opened)?.close();
  };
  const fetch = async (...request: Parameters<GuardedFetch>) => await (await open())(...request);
  return Object.assign(fetch, { close, [Symbol.asyncDispose]: close });
}
