import { describe, expect, it } from 'vitest';
import type { KeycloakPlace } from './keycloak.ts';
import { explainKeycloakPlace, resolveKeycloak } from './keycloak.ts';

const certs = '/protocol/openid-connect/certs';

describe('the addresses of Keycloak', () => {
  const cases: readonly (readonly [name: string, place: KeycloakPlace, issuer: string, jwksUri: string])[] = [
    [
      'are derived from the domain by the canonical name',
      { domain: 'acme.example.com', realm: 'akko' },
      'https://keycloak.acme.example.com/realms/akko',
      `https://keycloak.acme.example.com/realms/akko${certs}`,
    ],
    [
      'keep the keys inside the cluster where the release is known',
      { domain: 'acme.example.com', realm: 'akko', releaseName: 'akko' },
      'https://keycloak.acme.example.com/realms/akko',
      `http://akko-akko-keycloak:8080/realms/akko${certs}`,
    ],
    [
      'fall back to the service in the cluster for development',
      { realm: 'akko', releaseName: 'dev' },
      'http://dev-akko-keycloak:8080/realms/akko',
      `http://dev-akko-keycloak:8080/realms/akko${certs}`,
    ],
    [
      "are a customer's own where the issuer is given, without the shortcut through the cluster",
      {
        issuer: 'https://idp.bigcorp.com/realms/bigcorp',
        domain: 'acme.example.com',
        releaseName: 'akko',
        realm: 'akko',
      },
      'https://idp.bigcorp.com/realms/bigcorp',
      `https://idp.bigcorp.com/realms/bigcorp${certs}`,
    ],
    [
      'are both what is given',
      { issuer: 'https://idp.bigcorp.com/realms/b', jwksUrl: 'http://keycloak:8080/realms/b/certs', realm: 'b' },
      'https://idp.bigcorp.com/realms/b',
      'http://keycloak:8080/realms/b/certs',
    ],
    [
      'take a key address that is given beside a derived issuer',
      { domain: 'acme.example.com', jwksUrl: 'http://keycloak:8080/c', realm: 'akko' },
      'https://keycloak.acme.example.com/realms/akko',
      'http://keycloak:8080/c',
    ],
    [
      'take the empty texts that Helm renders for values that are not set',
      { issuer: '', jwksUrl: '', domain: 'acme.example.com', releaseName: '', realm: 'akko' },
      'https://keycloak.acme.example.com/realms/akko',
      `https://keycloak.acme.example.com/realms/akko${certs}`,
    ],
  ];
  it.each(cases)('%s', (_name, place, issuer, jwksUri) => {
    expect(resolveKeycloak(place)).toEqual({ ok: true, value: { issuer, jwksUri } });
  });

  it.each(['identity', 'login', 'auth', 'sso', 'id', 'accounts', 'LOGIN'])(
    'are not derived from a domain that starts with the alias %s',
    (label) => {
      const outcome = resolveKeycloak({ domain: `${label}.acme.example.com`, realm: 'akko' });
      expect(outcome).toEqual({
        ok: false,
        refusal: {
          why: 'alias-domain',
          domain: `${label}.acme.example.com`,
          label: label.toLowerCase(),
          canonical: 'acme.example.com',
        },
      });
      expect(!outcome.ok && explainKeycloakPlace(outcome.refusal)).toContain('"acme.example.com"');
    },
  );

  it('are not derived from a domain that only contains such a word', () => {
    expect(resolveKeycloak({ domain: 'identity-acme.example.com', realm: 'akko' }).ok).toBe(true);
    expect(resolveKeycloak({ domain: 'acme.login.example.com', realm: 'akko' }).ok).toBe(true);
  });

  it('are not guessed from nothing', () => {
    const outcome = resolveKeycloak({ realm: 'akko' });
    expect(outcome).toEqual({ ok: false, refusal: { why: 'nowhere' } });
    expect(!outcome.ok && explainKeycloakPlace(outcome.refusal)).toContain('issuer');
  });

  it.each<KeycloakPlace>([
    { realm: 'a/b', domain: 'acme.example.com' },
    { realm: '', domain: 'acme.example.com' },
    { realm: '..', domain: 'acme.example.com' },
    // What an environment or a script leaves out.
    { realm: undefined as never, domain: 'acme.example.com' },
    { realm: 'akko', domain: 5 as never },
    { realm: 'akko', releaseName: 5 as never },
    { realm: 'akko', issuer: 'https://me:secret@keycloak.acme.example.com/realms/akko' },
    { realm: 'akko', domain: 'https://acme.example.com' },
    { realm: 'akko', domain: 'acme.example.com/path' },
    { realm: 'akko', domain: 'user@acme.example.com' },
    { realm: 'akko', domain: 'acme..com' },
    { realm: 'akko', issuer: 'keycloak.acme.example.com' },
    { realm: 'akko', issuer: 'https://a.example.com', jwksUrl: 'file:///etc/passwd' },
    { realm: 'akko', releaseName: 'evil.example.com/' },
  ])('are refused where a part is malformed: %j', (place) => {
    const outcome = resolveKeycloak(place);
    expect(outcome).toMatchObject({ ok: false, refusal: { why: 'malformed' } });
    expect(!outcome.ok && explainKeycloakPlace(outcome.refusal)).toContain('malformed');
  });
});
