import type { Frame } from '../../http/frame.ts';

/** GET /auth/config, as seed 000 has it: where a command line logs in. It needs no token, and holds nothing secret. */
export function mountAuthDiscovery(
  frame: Frame,
  facts: { readonly issuer: string; readonly clientId: string; readonly scopes: readonly string[] },
): void {
  const { issuer, clientId, scopes } = facts;
  const answer = { issuer, client_id: clientId, scopes, device_authorization_supported: true };
  frame.app.get('/auth/config', async () => answer);
}
