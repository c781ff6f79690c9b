import { seconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { explainExchange } from './explain.ts';

const facts = { clientId: 'tools-provider-token-exchange', audience: 'pizzeria-backend' };
const refused = (status: number, error: string, description: string) =>
  explainExchange({ why: 'refused', status, error, description }, facts);

describe('the explanation of what Keycloak answered', () => {
  it.each([
    [
      400,
      'invalid_request',
      'Standard token exchange is not enabled for the requested client',
      'standard.token.exchange.enabled',
    ],
    [400, 'invalid_client', 'Public client is not allowed to exchange token', 'Client authentication'],
    [
      403,
      'access_denied',
      'Client is not within the token audience',
      'audience mapper with "tools-provider-token-exchange"',
    ],
    [
      400,
      'invalid_request',
      'Requested audience not available: pizzeria-backend',
      'to "tools-provider-token-exchange" (not to the audience client',
    ],
    [400, 'invalid_client', 'Audience not found', 'No client "pizzeria-backend"'],
    [400, 'invalid_client', 'Client disabled', 'Enable it'],
    [401, 'unauthorized_client', 'Invalid client or Invalid client credentials', 'TOKEN_EXCHANGE_CLIENT_SECRET'],
    [400, 'invalid_request', 'Invalid token', 'Get a new one'],
    [400, 'invalid_scope', 'Invalid scopes: read:menu', 'no such scope: read:menu'],
    [400, 'invalid_scope', 'Missing consents for Token Exchange in client x', 'Consent required'],
    [400, 'unsupported_grant_type', 'Unsupported grant_type', 'from 26.2 on'],
    [400, 'invalid_target', 'nope', 'knows no such audience'],
    [418, 'odd', 'I am a teapot', '418 odd: I am a teapot'],
  ])('%i %s "%s" names the remedy', (status, error, description, remedy) => {
    expect(refused(status, error, description)).toContain(remedy);
  });

  it('says when to come back, where that is known', () => {
    expect(explainExchange({ why: 'breaker-open', retryAfter: seconds(12) }, facts)).toContain('12 s');
    const busy = { why: 'unreachable', detail: 'it answered 429', status: 429, retryAfter: seconds(7) } as const;
    expect(explainExchange(busy, facts)).toContain('7 s');
  });

  it('suspects a login proxy where HTML came', () => {
    expect(explainExchange({ why: 'bad-answer', status: 200, detail: 'not a JSON object' }, facts)).toContain(
      'login proxy',
    );
  });
});
