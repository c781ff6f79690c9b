import type { Json } from '@keyturn/protocol';
import type { Vector } from './vector.ts';
import { signedWith, withClaims } from './vector.ts';

const bad = (name: string, why: string, token: string, verdict = 'kind'): Vector => ({ name, why, token, verdict });

/** What Keycloak writes into `typ` of everything that it signs and that is not an access token. */
const keycloakTypes = [
  'ID',
  'Refresh',
  'Offline',
  'Logout',
  'Serialized-ID',
  'RegistrationAccessToken',
  'InitialAccessToken',
  'Info',
  'JWT',
  'verify-email',
  'reset-credentials',
  'execute-actions',
  'idp-verify-account-via-email',
  'update-password',
  'UPDATE_PROFILE',
  'invitation-action',
  'org-invitation',
  'delete-account',
  'DefaultActionToken',
  'logout+jwt',
  'permission-ticket',
  'id',
  'refresh',
  'BEARER ',
  ' Bearer',
  'Bearer\u200b',
  'Bearer,ID',
  'Bearer2',
  'access',
  'at+jwt',
  '',
];

function byType(): readonly Vector[] {
  const wrong: readonly Json[] = [null, 0, 1, true, [], ['Bearer'], {}];
  return [
    ...keycloakTypes.map((typ) =>
      bad(
        `Keycloak kind ${JSON.stringify(typ)}`,
        'genuine, but not an access token: it reaches browsers, mails or other parties',
        withClaims({ typ }),
      ),
    ),
    ...wrong.map((typ) => bad(`kind ${JSON.stringify(typ)}`, 'a kind that nobody can read', withClaims({ typ }))),
    ...['rs256', 'eddsa'].flatMap((key) =>
      ['ID', 'Refresh', 'Offline', 'Logout'].map((typ) =>
        bad(
          `Keycloak kind ${typ} by ${key}`,
          'genuine, but not an access token',
          signedWith(key, key === 'rs256' ? 'RS256' : 'EdDSA', {}, { typ }),
        ),
      ),
    ),
  ];
}

function bySigns(): readonly Vector[] {
  const why = 'only ID tokens have it, and this one says no other kind';
  const event = 'http://schemas.openid.net/event/backchannel-logout';
  const foreign: readonly (readonly [name: string, why: string, claims: Record<string, Json>])[] = [
    ['at_hash', why, { at_hash: 'x' }],
    ['c_hash', why, { c_hash: 'x' }],
    ['s_hash', why, { s_hash: 'x' }],
    ['nonce', why, { nonce: 'n' }],
    ['a logout event', 'a logout token (OpenID Connect Back-Channel Logout §2.4)', { events: { [event]: {} } }],
    [
      'a security event',
      'RFC 8417',
      { events: { 'https://schemas.openid.net/secevent/risc/event-type/account-disabled': {} } },
    ],
    ['empty events', 'RFC 8417', { events: {} }],
    ['token_use id', 'an ID token of Amazon Cognito', { token_use: 'id' }],
    ['token_use refresh', 'not for access', { token_use: 'refresh' }],
    ['token_use null', 'not for access', { token_use: null }],
  ];
  return foreign.map(([name, reason, claims]) =>
    bad(`no kind, but ${name}`, reason, withClaims({ ...claims, typ: undefined })),
  );
}

function bound(): readonly Vector[] {
  const why = 'bound to its sender’s key; whoever merely holds it is not the sender (RFC 7800, RFC 9449 §7.2)';
  const cnfs: readonly Json[] = [
    { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' },
    { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' },
    { jwk: { kty: 'EC' } },
    { kid: 'x' },
    { jku: 'https://evil.example.com/' },
    { jwe: 'x' },
    {},
    { jkt: null },
    { jkt: 1 },
    { jkt: 'a', 'x5t#S256': 'b' },
    null,
    [],
    'jkt',
    '',
    0,
    false,
    true,
    [{ jkt: 'x' }],
  ];
  return [
    ...cnfs.map((cnf) => bad(`cnf ${JSON.stringify(cnf)}`, why, withClaims({ cnf }), 'sender-constrained')),
    bad('kind DPoP with its key', why, withClaims({ typ: 'DPoP', cnf: { jkt: 'x' } }), 'sender-constrained'),
    bad(
      'kind DPoP without a key',
      'says it is bound and does not say to what',
      withClaims({ typ: 'DPoP' }),
      'sender-constrained',
    ),
    bad('cnf in at+jwt', why, withClaims({ cnf: { jkt: 'x' } }, { typ: 'at+jwt' }), 'sender-constrained'),
  ];
}

export function kindVectors(): readonly Vector[] {
  return [...byType(), ...bySigns(), ...bound()];
}
