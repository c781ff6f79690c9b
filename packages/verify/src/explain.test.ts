import { epochSeconds, seconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { bearerChallenge, dpopChallenge, wireOf } from './challenge.ts';
import { explain } from './explain.ts';
import type { TokenRefusal } from './refusal.ts';

const issuer = 'https://keycloak.example.com/realms/demo';

const refusals: readonly (readonly [refusal: TokenRefusal, status: number, words: readonly string[]])[] = [
  [{ why: 'malformed', part: 'payload', fault: 'duplicate' }, 401, ['payload', 'duplicate']],
  [{ why: 'too-large', size: 20_000, limit: 16_384 }, 401, ['20000', '16384', 'maxTokenLength']],
  [{ why: 'algorithm', got: 'none', allowed: ['RS256'] }, 401, ['"none"', 'RS256']],
  [{ why: 'header', parameter: 'crit', fault: 'not supported' }, 401, ['crit']],
  [{ why: 'kind', got: 'ID' }, 401, ['"ID"', 'access_token']],
  [{ why: 'issuer', got: undefined, expected: [issuer] }, 401, ['(none)']],
  [{ why: 'issuer', got: `${issuer}/`, expected: [issuer] }, 401, ['final slash']],
  [
    { why: 'issuer', got: 'https://identity.example.com/realms/demo', expected: [issuer] },
    401,
    ['alias', 'KC_HOSTNAME', 'jwksUri'],
  ],
  [{ why: 'issuer', got: 'https://evil.example.com/x', expected: [issuer] }, 401, ['another realm']],
  [{ why: 'unknown-key', issuer, kid: 'k', known: ['a'], skipped: undefined }, 401, ['"k"', '"a"', 'jwksUri']],
  [{ why: 'unknown-key', issuer, kid: 'k', known: [], skipped: 'its use is not "sig"' }, 401, ['its use']],
  [{ why: 'unknown-key', issuer, kid: undefined, known: ['a', 'b'], skipped: undefined }, 401, ['names no key', '"a"']],
  [{ why: 'key-algorithm', issuer, kid: 'k', got: 'PS256' }, 401, ['PS256']],
  [{ why: 'keys-unavailable', issuer, fault: 'timeout', retryAfter: seconds(1) }, 503, ['timeout', 'jwksUri']],
  [{ why: 'signature', issuer, kid: 'k', got: 'RS256' }, 401, ['forged']],
  [{ why: 'claim', claim: 'exp', fault: 'missing' }, 401, ['exp', 'missing']],
  [{ why: 'expired', at: epochSeconds(100), now: epochSeconds(130) }, 401, ['30 s ago']],
  [
    { why: 'not-yet-valid', claim: 'nbf', at: epochSeconds(130), now: epochSeconds(100) },
    401,
    ['in 30 s', 'clockTolerance'],
  ],
  [{ why: 'lifetime', lifetime: seconds(10), limit: seconds(5) }, 401, ['maxLifetime']],
  [
    { why: 'audience', got: ['account'], expected: ['tools'], client: 'agent-1' },
    401,
    ['"account"', '"tools"', 'oidc-audience-mapper', '"agent-1"'],
  ],
  [{ why: 'audience', got: [], expected: ['tools'], client: undefined }, 401, ['(nobody)']],
  [{ why: 'identity', claims: ['sub'] }, 401, ['identityClaim', 'basic']],
  [{ why: 'sender-constrained', by: 'jkt' }, 401, ['DPoP']],
  [{ why: 'sender-constrained', by: 'x5t#S256' }, 401, ['x5t#S256']],
  [{ why: 'not-bound' }, 401, ['Bearer']],
  [{ why: 'dpop-proof', fault: 'htu' }, 401, ['proxy']],
  [{ why: 'dpop-nonce', nonce: 'n' }, 401, ['nonce']],
  [{ why: 'revoked', by: 'sid' }, 401, ['revoked']],
  [{ why: 'revocation-unknown', fault: 'silence' }, 503, ['silence', 'whenRevocationUnknown']],
  [{ why: 'inactive', issuer }, 401, ['26.6.2']],
  [{ why: 'introspection-unavailable', issuer, fault: '500' }, 503, ['500']],
];

describe('a refusal', () => {
  it.each(refusals)('is explained to a person: %j', (refusal, _status, words) => {
    const sentence = explain(refusal);
    for (const word of words) expect(sentence).toContain(word);
    expect(sentence).toMatch(/^[A-Z].*\.$/);
  });

  it.each(refusals)('is told to a client in few words: %j', (refusal, status) => {
    const wire = wireOf(refusal);
    expect(wire.status).toBe(status);
    expect(wire.description).not.toContain('keycloak');
  });

  it.each([
    'missing',
    'several',
    'malformed',
    'typ',
    'algorithm',
    'key',
    'signature',
    'jti',
    'htm',
    'htu',
    'iat',
    'ath',
    'thumbprint',
    'replayed',
    'replay-unknown',
    'nonce-unknown',
  ] as const)('of a proof is explained too: %s', (fault) => {
    expect(explain({ why: 'dpop-proof', fault })).toMatch(/not good: .+\.$/);
  });

  it.each(['exp', 'sub', 'aud', 'scope'])('of the claim %s says what mends it', (claim) => {
    expect(explain({ why: 'claim', claim, fault: 'not text' })).toMatch(/^The claim \w+ is not text\. .+\.$/);
  });

  it('cannot forge a line of the log', () => {
    const sentence = explain({ why: 'kind', got: `x\n2027-01-15 ERROR all is well${'y'.repeat(1000)}` });
    expect(sentence).not.toContain('\n');
    expect(sentence.length).toBeLessThan(500);
  });

  it.each([
    ['a C1 control sequence', '\u009b31m'],
    ['an escape sequence', '\u001b[2J'],
    ['DEL', '\u007f'],
    ['NEL', '\u0085'],
    ['a line separator', '\u2028'],
    ['a change of direction', '\u202e'],
    ['an invisible tag', '\u{e0041}'],
    ['half a character', '\ud800'],
  ])('neither drives a terminal nor deceives a reader: %s', (_name, hidden) => {
    const sentence = explain({
      why: 'issuer',
      got: `https://a.example.com/${hidden}`,
      expected: ['https://b.example.com'],
    });
    expect(sentence).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(sentence).toContain('https://a.example.com/\\u');
  });

  it('names a few of many audiences', () => {
    const got = Array.from({ length: 1000 }, (_, i) => `a${i}`);
    expect(explain({ why: 'audience', got, expected: ['tools'], client: undefined })).toContain('and 990 more');
  });
});

describe('a challenge', () => {
  const expired: TokenRefusal = { why: 'expired', at: epochSeconds(1), now: epochSeconds(2) };

  it('for a request without credentials names the way in and no error', () => {
    expect(bearerChallenge()).toBe('Bearer');
    expect(bearerChallenge(undefined, { realm: 'demo', resourceMetadata: 'https://a.example.com/m' })).toBe(
      'Bearer realm="demo", resource_metadata="https://a.example.com/m"',
    );
  });

  it('for a refused token names the error', () => {
    expect(bearerChallenge(expired, { scope: ['a', 'b'] })).toBe(
      'Bearer error="invalid_token", error_description="The access token expired", scope="a b"',
    );
    expect(bearerChallenge({ status: 403, error: 'insufficient_scope', description: 'x' }, { scope: 'a' })).toBe(
      'Bearer error="insufficient_scope", error_description="x", scope="a"',
    );
  });

  it('for DPoP names the algorithms', () => {
    expect(dpopChallenge(undefined, ['ES256', 'EdDSA'])).toBe('DPoP algs="ES256 EdDSA"');
    expect(dpopChallenge({ why: 'dpop-proof', fault: 'iat' }, ['ES256'])).toContain('error="invalid_dpop_proof"');
  });

  it('does not blame the client for what this service cannot tell', () => {
    for (const fault of ['replay-unknown', 'nonce-unknown'] as const) {
      expect(wireOf({ why: 'dpop-proof', fault })).toMatchObject({ status: 503, error: 'temporarily_unavailable' });
    }
    expect(wireOf({ why: 'dpop-proof', fault: 'replayed' })).toMatchObject({
      status: 401,
      error: 'invalid_dpop_proof',
    });
  });

  it('cannot be broken out of', () => {
    expect(bearerChallenge(undefined, { realm: 'a"b\\c\r\nSet-Cookie: x=é' })).toBe(
      'Bearer realm="a\\"b\\\\c??Set-Cookie: x=?"',
    );
  });
});
