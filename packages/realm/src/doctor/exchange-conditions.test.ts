import { describe, expect, it } from 'vitest';
import { type ExchangeFacts, judgeExchange } from './exchange-conditions.ts';

const issuer = 'http://localhost:8041/realms/tools-provider';
const audienceMapper = (client: string) => ({
  name: 'a',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.client.audience': client, 'access.token.claim': 'true' },
});
const requester = {
  clientId: 'exchanger',
  enabled: true,
  publicClient: false,
  attributes: { 'standard.token.exchange.enabled': 'true' },
  defaultClientScopes: ['basic', 'pizzeria-audience'],
};
const pizzeria = { clientId: 'pizzeria-backend', enabled: true };
const scope = { name: 'pizzeria-audience', protocolMappers: [audienceMapper('pizzeria-backend')] };

const whole: ExchangeFacts = {
  claims: { iss: issuer, typ: 'Bearer', azp: 'frontend', aud: ['exchanger', 'account'], exp: 2000, sub: 'u', sid: 's' },
  issuer,
  now: 1000,
  audience: 'pizzeria-backend',
  requesterId: 'exchanger',
  realm: { realm: {}, clients: [requester, pizzeria], scopes: [scope] },
  available: undefined,
  sessionAlive: true,
  userEnabled: true,
};
const clients = (one: object, two: object = pizzeria) => ({
  realm: { ...whole.realm, clients: [{ ...requester, ...one }, { ...two }] },
});

function firstFault(change: Partial<ExchangeFacts>) {
  const last = judgeExchange({ ...whole, ...change }).at(-1);
  return last?.severity === 'error' ? `${last.check}: ${last.found}` : 'none';
}

describe('the walk over the conditions of an exchange', () => {
  it('finds nothing where all hold', () => {
    expect(firstFault({})).toBe('none');
    expect(judgeExchange(whole).map(({ severity }) => severity)).toEqual(Array.from({ length: 10 }, () => 'ok'));
  });

  it.each<[string, Partial<ExchangeFacts>, RegExp]>([
    ['an opaque token', { claims: undefined }, /^exchange\/subject-token: no JWT/],
    ['an ID token', { claims: { ...whole.claims, typ: 'ID' } }, /subject-token: typ ID/],
    ['another issuer', { issuer: 'http://other/realms/x' }, /subject-token: issued by/],
    ['an expired token', { now: 3000 }, /not-expired: expired 1000 s ago/],
    ['no such requester', { requesterId: 'nobody' }, /requester: there is no such client/],
    [
      'the requester is not in aud',
      { claims: { ...whole.claims, aud: 'account' } },
      /requester-in-aud: \[account\] without exchanger \(403 "Client is not within the token audience"\)/,
    ],
    ['the switch is off', clients({ attributes: {} }), /switch: off/],
    [
      'the attribute has the seed’s name',
      clients({ attributes: { 'oauth2.token.exchange.grant.enabled': 'true' } }),
      /switch: not set; oauth2\.token\.exchange\.grant\.enabled is, which has no effect/,
    ],
    ['a public client', clients({ publicClient: true }), /confidential: off: a public client/],
    [
      'no such audience',
      { audience: 'https://api.example.com' },
      /audience: there is no such client \("Audience not found"\)/,
    ],
    ['a disabled audience', clients({}, { ...pizzeria, enabled: false }), /audience: disabled/],
    [
      'the scope is not assigned',
      clients({ defaultClientScopes: ['basic'] }),
      /audience-available: the scope pizzeria-audience has the mapper but is not assigned/,
    ],
    [
      'the scope is optional',
      clients({ defaultClientScopes: [], optionalClientScopes: ['pizzeria-audience'] }),
      /audience-available: the scope pizzeria-audience is only optional/,
    ],
    [
      'the mapper is missing',
      { realm: { ...whole.realm, scopes: [{ name: 'pizzeria-audience' }] } },
      /audience-available: no scope of exchanger has an audience mapper/,
    ],
    [
      'the mapper sits on the target (seed 003, step 3d)',
      {
        realm: {
          realm: {},
          scopes: [],
          clients: [requester, { ...pizzeria, protocolMappers: [audienceMapper('pizzeria-backend')] }],
        },
      },
      /audience-available: only pizzeria-backend itself has the mapper/,
    ],
    [
      'Keycloak predicts another audience',
      { available: ['account'], realm: { ...whole.realm, scopes: [] } },
      /audience-available: no scope .* no role of pizzeria-backend/,
    ],
    [
      'lightweight tokens',
      {
        ...clients({ attributes: { ...requester.attributes, 'client.use.lightweight.access.token.enabled': 'true' } }),
        available: [],
      },
      /audience-available: lightweight/,
    ],
    ['consent is required', clients({ consentRequired: true }), /consent: on/],
    ['the session has ended', { sessionAlive: false }, /session: the session has ended/],
    ['the user is disabled', { userEnabled: false }, /session: the user is disabled/],
  ])('names %s', (_, change, sentence) => {
    expect(firstFault(change)).toMatch(sentence);
  });

  it('accepts a role of the user on the target, which needs no mapper', () => {
    expect(firstFault({ available: ['pizzeria-backend'], realm: { ...whole.realm, scopes: [] } })).toBe('none');
  });

  it('accepts the requester’s own token', () => {
    expect(firstFault({ claims: { ...whole.claims, azp: 'exchanger', aud: 'account' } })).toBe('none');
  });

  it('ends at the first condition that fails, with the command that mends it', () => {
    const findings = judgeExchange({
      ...whole,
      ...clients({ attributes: {}, publicClient: true }),
      sessionAlive: false,
    });
    expect(findings.filter(({ severity }) => severity === 'error')).toHaveLength(1);
    expect(findings.at(-1)?.mend).toBe('keyturn realm apply --target "client exchanger"');
  });
});
