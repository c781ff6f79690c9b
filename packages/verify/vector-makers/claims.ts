import type { Json } from '@keyturn/protocol';
import type { Vector } from './vector.ts';
import { audience, goodPayload, issuer, now, withClaims, withPayload } from './vector.ts';

const bad = (name: string, why: string, token: string, verdict: string): Vector => ({ name, why, token, verdict });
const said = (value: Json | undefined): string => (value === undefined ? 'missing' : JSON.stringify(value));

const notTexts: readonly Json[] = [null, 0, 1, true, false, {}, { a: 'tools' }];

function expiry(): readonly Vector[] {
  const day = 86_400;
  const raw = (value: string): string => withPayload(goodPayload.replace(`"exp":${now + 300}`, `"exp":${value}`));
  const notTimes: readonly Json[] = [
    null,
    '',
    'x',
    String(now + 300),
    true,
    false,
    [],
    [now + 300],
    {},
    { value: now + 300 },
    '1e10',
    'Infinity',
    '2027-01-15T08:05:00Z',
  ];
  return [
    bad('exp missing', 'a token that never ends', withClaims({ exp: undefined }), 'claim'),
    ...notTimes.map((exp) => bad(`exp ${said(exp)}`, 'not a number (RFC 7519 §2)', withClaims({ exp }), 'claim')),
    ...['1e400', '-1e400', '1e309', '9'.repeat(400)].map((text) =>
      bad(`exp ${text.slice(0, 12)}`, 'overflows to infinity', raw(text), 'claim'),
    ),
    ...[0, -1, -(now + 300), 1, now - 86_400, now - 1, now, now - 0.5].map((exp) =>
      bad(`exp ${exp}`, 'it has passed', withClaims({ exp, iat: undefined }), 'expired'),
    ),
    ...['-0', '0.0', '1e-400', '1e9'].map((text) => bad(`exp ${text}`, 'it has passed', raw(text), 'expired')),
    ...[367 * day, 366 * day + 1, 3650 * day, 1e10, 1e15, Number.MAX_SAFE_INTEGER, 1e300].map((life) =>
      bad(`lives ${life} s`, 'longer than any grant should', withClaims({ iat: now, exp: now + life }), 'lifetime'),
    ),
    bad(
      'exp in milliseconds',
      'a mistake of issuers; it means the year 59000',
      withClaims({ exp: (now + 300) * 1000 }),
      'lifetime',
    ),
    bad(
      'long life without iat',
      'leaving iat out must not hide it',
      withClaims({ iat: undefined, exp: now + 367 * day }),
      'lifetime',
    ),
    bad(
      'long life behind a late iat',
      'iat ahead must not hide it',
      withClaims({ iat: now + 20, exp: now + 366 * day + 20 }),
      'lifetime',
    ),
    bad(
      'iat in the far past',
      'a token from long ago that still lives',
      withClaims({ iat: now - 400 * day }),
      'lifetime',
    ),
    bad('iat 0', 'a token from 1970 that still lives', withClaims({ iat: 0 }), 'lifetime'),
    bad('iat negative', 'a token from before 1970', withClaims({ iat: -1 }), 'lifetime'),
  ];
}

function beginnings(): readonly Vector[] {
  const notTimes: readonly Json[] = [null, '', String(now), true, [], {}, [now]];
  return [
    ...[1, 60, 3600, 1e9].map((ahead) =>
      bad(`nbf ${ahead} s ahead`, 'RFC 7519 §4.1.5', withClaims({ nbf: now + ahead }), 'not-yet-valid'),
    ),
    ...[60, 3600, 86_400].map((ahead) =>
      bad(
        `iat ${ahead} s ahead`,
        'made in the future',
        withClaims({ iat: now + ahead, exp: now + ahead + 300 }),
        'not-yet-valid',
      ),
    ),
    ...['nbf', 'iat', 'auth_time'].flatMap((claim) =>
      notTimes.map((value) =>
        bad(`${claim} ${said(value)}`, 'not a number (RFC 7519 §2)', withClaims({ [claim]: value }), 'claim'),
      ),
    ),
    ...['nbf', 'iat'].map((claim) =>
      bad(
        `${claim} 1e400`,
        'overflows to infinity',
        withPayload(goodPayload.replace(/"iat":\d+/, `"${claim}":1e400`)),
        'claim',
      ),
    ),
  ];
}

function issuers(): readonly Vector[] {
  const others = [
    'https://evil.example.com/realms/demo',
    `${issuer}/`,
    `${issuer}//`,
    issuer.toUpperCase(),
    issuer.replace('keycloak', 'Keycloak'),
    issuer.replace('demo', 'Demo'),
    issuer.replace('https', 'http'),
    issuer.replace('https', 'HTTPS'),
    issuer.replace('.com/', '.com:443/'),
    issuer.replace('.com/', '.com./'),
    issuer.replace('.com/', '.com//'),
    issuer.replace('/realms', '/auth/realms'),
    issuer.replace('demo', 'master'),
    issuer.replace('demo', 'dem%6f'),
    issuer.replace('/demo', '/./demo'),
    issuer.replace('/demo', '/x/../demo'),
    `${issuer}?`,
    `${issuer}#`,
    `${issuer} `,
    ` ${issuer}`,
    `${issuer}x`,
    issuer.slice(0, -1),
    issuer.replace('keycloak', 'identity'),
    issuer.replace('keycloak', 'login'),
    issuer.replace('keycloak', 'auth'),
    issuer.replace('https://keycloak.example.com', 'http://akko-akko-keycloak:8080'),
    issuer.replace('https://', 'https://evil.example.com@'),
    `https://evil.example.com/?${issuer}`,
    issuer.replace('example.com', 'example.com.evil.net'),
    issuer.replace('keycloak', 'kеycloak'),
    issuer.replace('.', '。'),
    '',
    'null',
    '*',
    'keycloak.example.com',
    'demo',
    '//keycloak.example.com/realms/demo',
  ];
  // Another type, which the claims of a real token do not admit.
  const notIssuers: readonly Json[] = [null, 0, true, [], [issuer], {}, { iss: issuer }];
  return [
    ...others.map((iss) =>
      bad(`iss ${said(iss)}`, 'not the issuer, character by character', withClaims({ iss }), 'issuer'),
    ),
    bad('iss missing', 'nobody vouches for it', withClaims({ iss: undefined }), 'issuer'),
    ...notIssuers.map((iss) => bad(`iss ${said(iss)}`, 'iss is text', withClaims({ iss }), 'issuer')),
  ];
}

function audiences(): readonly Vector[] {
  const others: readonly Json[] = [
    '',
    'other',
    'Tools',
    'TOOLS',
    'tool',
    'tools2',
    'mytools',
    ' tools',
    'tools ',
    'tools,other',
    'tools other',
    'tools/',
    '/tools',
    'https://tools',
    '*',
    'account',
    'null',
    'toоls',
    issuer,
    'agent-1',
  ];
  const lists: readonly Json[] = [
    [],
    [''],
    ['other'],
    ['account', 'other'],
    ['tools other'],
    ['TOOLS'],
    ['*'],
    ['tools,account'],
  ];
  const mixed: readonly Json[] = [
    [audience, null],
    [null, audience],
    [audience, 1],
    [audience, true],
    [audience, {}],
    [audience, []],
    [[audience]],
    [{ aud: audience }],
    [null],
    [0],
    [[]],
    [[[audience]]],
    [audience, [audience]],
  ];
  return [
    bad('aud missing', 'a token for nobody in particular is for nobody', withClaims({ aud: undefined }), 'audience'),
    ...[...others, ...lists].map((aud) =>
      bad(`aud ${said(aud)}`, 'a token that is meant for somebody else', withClaims({ aud }), 'audience'),
    ),
    ...[...mixed, ...notTexts].map((aud) =>
      bad(`aud ${said(aud)}`, 'aud is text or a list of texts (RFC 7519 §4.1.3)', withClaims({ aud }), 'claim'),
    ),
    bad(
      'the audience in another claim',
      'only aud says for whom',
      withClaims({ aud: 'other', audience, azp: audience, client_id: audience, resource: audience }),
      'audience',
    ),
    bad(
      'the audience as a name in an object',
      'looks right to a careless "in"',
      withClaims({ aud: { tools: true } }),
      'claim',
    ),
    bad(
      'a large list without ours',
      'a token that is meant for somebody else',
      withClaims({ aud: Array.from({ length: 100 }, (_, i) => `svc-${i}`) }),
      'audience',
    ),
  ];
}

function names(): readonly Vector[] {
  const textClaims = ['sub', 'jti', 'azp', 'client_id', 'sid'] as const;
  return [
    ...textClaims.flatMap((claim) =>
      [...notTexts, [], ['x']].map((value) =>
        bad(
          `${claim} ${said(value)}`,
          'a name is text; another type is read differently elsewhere',
          withClaims({ [claim]: value }),
          'claim',
        ),
      ),
    ),
    ...[null, 1, true, {}, [1], ['a', null]].map((scope) =>
      bad(`scope ${said(scope)}`, 'scope is text', withClaims({ scope }), 'claim'),
    ),
    bad('sub missing where it is the identity', 'nobody would be calling', withClaims({ sub: undefined }), 'identity'),
    bad('sub empty where it is the identity', 'nobody would be calling', withClaims({ sub: '' }), 'identity'),
  ];
}

function profile(): readonly Vector[] {
  const claims = ['sub', 'iat', 'jti'] as const;
  return [
    ...claims.map((claim) =>
      bad(
        `at+jwt without ${claim}`,
        'required by RFC 9068 §2.2',
        withClaims({ [claim]: undefined }, { typ: 'at+jwt' }),
        'claim',
      ),
    ),
    bad(
      'at+jwt without a client',
      'required by RFC 9068 §2.2',
      withClaims({ azp: undefined }, { typ: 'at+jwt' }),
      'claim',
    ),
    bad(
      'at+jwt without aud',
      'required by RFC 9068 §2.2',
      withClaims({ aud: undefined }, { typ: 'at+jwt' }),
      'audience',
    ),
    bad('at+jwt without exp', 'required by RFC 9068 §2.2', withClaims({ exp: undefined }, { typ: 'at+jwt' }), 'claim'),
    bad(
      'at+jwt of kind ID',
      'two words for one token; the issuer’s own wins',
      withClaims({ typ: 'ID' }, { typ: 'at+jwt' }),
      'kind',
    ),
  ];
}

export function claimVectors(): readonly Vector[] {
  return [...expiry(), ...beginnings(), ...issuers(), ...audiences(), ...names(), ...profile()];
}
