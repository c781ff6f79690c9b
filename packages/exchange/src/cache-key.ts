import { hash } from 'node:crypto';
import type { ExchangeOrder, TokenClient } from './request.ts';

/**
 * What a kept token is found by: everything that could make it another. A JSON array frames its members, so that no two
 * orders share a text; the full SHA-256 of it is the key, so that no subject token is held.
 */
export function keyOf(client: TokenClient, order: ExchangeOrder): string {
  const { subjectToken, audience, scopes = [], actorToken = null, resource = null } = order;
  const parts = [
    client.tokenEndpoint,
    client.clientId,
    subjectToken,
    audience,
    scopes.length < 2 ? scopes : [...scopes].sort(),
    actorToken,
    resource,
  ];
  return hash('sha256', JSON.stringify(parts), 'base64url');
}
