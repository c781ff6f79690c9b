import { epochMilliseconds, epochSeconds, type Claims } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { contextOfToken } from '../../http/caller.ts';
import { principalsOf } from './event-of-call.ts';

function principalOf(claims: Claims) {
  const principal = {
    issuer: 'https://idp.test',
    identity: 'jane',
    subject: 'jane',
    client: 'web',
    serviceAccount: false,
    audiences: [],
    scopes: [],
    roles: { realm: [], clients: {} },
    tokenId: undefined,
    sessionId: undefined,
    issuedAt: undefined,
    expiresAt: epochSeconds(epochMilliseconds(0) + 1),
    claims,
  };
  return { principal, ...contextOfToken(principal) };
}

describe('the two principals of an audit row', () => {
  it('are one where a caller acts for themselves', () => {
    expect(principalsOf(principalOf({}))).toEqual({
      actor: { identity: 'jane', client: 'web', issuer: 'https://idp.test' },
    });
  });

  it.each([
    [{ sub: 'agent-7' }, 'agent-7', 'https://idp.test'],
    [{ sub: 'agent-7', iss: 'https://other.test', act: { sub: 'agent-6' } }, 'agent-7', 'https://other.test'],
    [{ azp: 'agent-7' }, 'agent-7', 'https://idp.test'],
    [{ client_id: 'agent-7' }, 'agent-7', 'https://idp.test'],
  ])('are the agent of `act` and whom it acts for: %j', (act, identity, issuer) => {
    expect(principalsOf(principalOf({ act }))).toEqual({
      actor: { identity, client: 'web', issuer },
      onBehalfOf: { identity: 'jane', client: 'web', issuer: 'https://idp.test' },
    });
  });

  it.each([{}, { sub: '' }, { sub: 7 }])('are one where `act` names nobody: %j', (act) => {
    expect(principalsOf(principalOf({ act }))).not.toHaveProperty('onBehalfOf');
  });
});
