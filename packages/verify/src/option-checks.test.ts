import { describe, expect, it } from 'vitest';
import { issuerKeySet } from '../vector-makers/keys.ts';
import { audience, issuer } from '../vector-makers/vector.ts';
import { createIntrospectionVerifier } from './introspection/introspection-verifier.ts';
import { createMemoryReplayStore } from './replay.ts';
import { createIntrospectionSource } from './revocation/introspection-source.ts';
import { openRevocationStream } from './revocation/stream.ts';
import { createVerifier } from './verifier.ts';

/** What a constructor says of options, as JavaScript and settings from files bring them. */
function faults(build: (options: never) => unknown, options: unknown): string {
  try {
    // What no type would let through is what is tried here.
    build(options as never);
    return 'none';
  } catch (error) {
    return error instanceof TypeError ? error.message : 'another error';
  }
}

const good = { issuer, audience, jwks: issuerKeySet() };
const remote = { issuer, audience, discovery: true };
const replay = { claim: () => true };

describe('the options of a verifier', () => {
  it.each([undefined, null, 'https://issuer.example.com', 5, () => good, [null], [good, undefined]])(
    'are objects: %s',
    (options) => {
      expect(faults(createVerifier, options)).toContain('options: give an object');
    },
  );

  it.each([
    ['audience', { audience: 5 }],
    ['audience', { audience: new Set(['tools']) }],
    ['audience', { audience: ['tools', ''] }],
    ['jwks', { jwks: {} }],
    ['jwks', { jwks: null }],
    ['jwks', { jwks: [] }],
    ['jwks', { jwks: { keys: {} } }],
    ['jwksUri', { jwks: undefined, jwksUri: 5 }],
    ['discovery', { jwks: undefined, discovery: 'yes' }],
    ['provider', { provider: 'toString' }],
    ['identityClaim', { identityClaim: [] }],
    ['identityClaim', { identityClaim: 5 }],
    ['algorithms', { algorithms: 'RS256' }],
    ['algorithms', { algorithms: null }],
    // It would be appended to exp, and a token of today would live for hundreds of years.
    ['clockTolerance', { clockTolerance: '5' }],
    ['clockTolerance', { clockTolerance: null }],
    ['maxLifetime', { maxLifetime: '60' }],
    ['maxTokenLength', { maxTokenLength: Number.POSITIVE_INFINITY }],
    ['maxTokenLength', { maxTokenLength: 0 }],
    ['cacheSize', { cacheSize: Number.NaN }],
    ['cacheSize', { cacheSize: -1 }],
    ['keyPolicy', { keyPolicy: 5 }],
    ['maxAge in keyPolicy', { keyPolicy: { maxAge: Number.NaN } }],
    ['coolDown in keyPolicy', { keyPolicy: { coolDown: -1 } }],
    ['dpop', { dpop: true }],
    ['replay in dpop', { dpop: {} }],
    ['algorithms in dpop', { dpop: { replay, algorithms: ['HS256'] } }],
    ['maxAge in dpop', { dpop: { replay, maxAge: '60' } }],
    ['nonces in dpop', { dpop: { replay, nonces: () => 'n' } }],
    ['revocation', { revocation: { check: () => ({ standing: 'good' }) } }],
    ['whenRevocationUnknown', { whenRevocationUnknown: 'acept' }],
    ['fetch', { fetch: 'fetch' }],
    ['clock', { clock: 1_800_000_000 }],
  ])('are of the right kind: %s in %j', (name, change) => {
    expect(faults(createVerifier, { ...good, ...change })).toContain(`- ${name} of "${issuer}": `);
  });

  it('name an issuer by its text', () => {
    expect(faults(createVerifier, { ...good, issuer: [issuer] })).toContain('give the exact value of the iss claim');
  });

  it('are looked at in all issuers, and all faults are said at once', () => {
    const said = faults(createVerifier, [
      { ...good, clockTolerance: '5' },
      { ...remote, issuer: 'https://b.example.com', algorithms: ['none'] },
      null,
    ]);
    expect(said).toContain(`clockTolerance of "${issuer}": a number of seconds between 0 and 300, not '5'`);
    expect(said).toContain('algorithms of "https://b.example.com"');
    expect(said).toContain('options: give an object');
  });

  it('keep credentials out of addresses, and out of what is said about them', () => {
    const said = faults(createVerifier, { issuer, audience, jwksUri: 'https://me:hunter2@keys.example.com/certs' });
    expect(said).toContain('jwksUri');
    expect(said).not.toContain('hunter2');
  });
});

describe('the options of what asks and listens', () => {
  const client = { endpoint: 'https://as.example.com/introspect', clientId: 'api', clientSecret: 'hunter2' };
  const url = 'https://keyturn.example.com/api/v1/revocations';

  it.each([
    [createIntrospectionVerifier, undefined, ['options']],
    [createIntrospectionVerifier, {}, ['endpoint', 'clientId', 'clientSecret', 'issuer', 'audience']],
    [
      createIntrospectionVerifier,
      { ...client, issuer, audience: 5, freshFor: '30', cacheSize: 'many', dpop: {} },
      ['audience', 'freshFor', 'cacheSize', 'replay in dpop'],
    ],
    [createIntrospectionSource, {}, ['endpoint', 'clientId', 'clientSecret']],
    [createIntrospectionSource, { ...client, freshFor: 0 }, ['freshFor']],
    [openRevocationStream, undefined, ['options']],
    [openRevocationStream, { url: 'ftp://keyturn.example.com' }, ['url']],
    [openRevocationStream, { url, silence: '15', maxEntries: Number.NaN }, ['silence', 'maxEntries']],
    [createMemoryReplayStore, { maxEntries: '5' }, ['maxEntries']],
  ])('are of the right kind: %o %j', (build, options, names) => {
    const said = faults(build, options);
    for (const name of names) expect(said).toContain(`- ${name}: `);
    expect(said).not.toContain('hunter2');
  });
});
