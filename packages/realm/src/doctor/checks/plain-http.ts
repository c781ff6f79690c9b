import { runnable } from '../check.ts';
import { expectedIssuer } from '../facts.ts';

interface Facts {
  readonly urls: readonly string[];
}

/** Seeds 001 and 003: TLS. */
export const plainHttp = runnable<Facts>({
  id: 'plain-http',
  why: 'Over plain HTTP outside this machine anybody on the way reads secrets and tokens. Inside a cluster it is acceptable only with a NetworkPolicy or mTLS between pods.',
  needs: 'the addresses that were given',
  gather: async (context) => ({ urls: [...new Set([context.settings.keycloakUrl, expectedIssuer(context)])] }),
  judge: ({ urls }) =>
    urls.flatMap((text) => {
      const url = URL.parse(text);
      if (url?.protocol !== 'http:' || isLoopback(url.hostname)) return [];
      const inside = /\.svc(?:\.|$)|\.local$/.test(url.hostname);
      return [
        {
          severity: inside ? 'note' : 'warning',
          looked: text,
          found: inside ? 'plain HTTP inside the cluster' : 'plain HTTP',
          mend: 'enable TLS on Keycloak or terminate it at the gateway, and use https:// in the issuer',
        },
      ] as const;
    }),
});

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(?:\.\d+){3}$/.test(host);
}
