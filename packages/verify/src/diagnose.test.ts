import { describe, expect, it } from 'vitest';
import { diagnose } from './diagnose.ts';
import { goodToken, issuer, now, withClaims } from '../vector-makers/vector.ts';

function read(pasted: string) {
  const diagnosis = diagnose(pasted);
  if (!diagnosis.ok) throw new Error(diagnosis.refusal.why);
  return diagnosis.value;
}

describe('a diagnosis', () => {
  it('says what a token is and what would accept it', () => {
    const service = withClaims({ sid: undefined, client_id: 'agent-1' });
    expect(read(service)).toMatchObject({
      kind: 'access token',
      provider: 'keycloak',
      issuer,
      audiences: ['tools', 'account'],
      expiresAt: now + 300,
      lifetime: 310,
      settings: { issuer, audience: 'tools', identityClaim: 'azp', discovery: true, provider: 'keycloak' },
    });
    expect(read(service).identities[0]).toMatchObject({ claim: 'azp', value: 'agent-1' });
  });

  it('takes a token as people paste it', () => {
    for (const pasted of [` ${goodToken}\n`, `Bearer ${goodToken}`, `Authorization: Bearer ${goodToken}`]) {
      expect(read(pasted).issuer).toBe(issuer);
    }
  });

  it('names the person first where a person calls', () => {
    expect(read(goodToken).identities[0]).toMatchObject({ claim: 'sub' });
  });

  it('names the mapper where the audience is missing', () => {
    const { settings, advice } = read(withClaims({ aud: 'account' }));
    expect(settings).toBeUndefined();
    expect(advice.join(' ')).toContain('oidc-audience-mapper');
  });

  it.each([
    ['an ID token', { typ: 'ID' }, {}, 'access_token'],
    ['a token without end', { exp: undefined }, {}, 'exp'],
    ['a token without issuer', { iss: undefined }, {}, 'no iss'],
    ['a bound token', { cnf: { jkt: 'x' } }, {}, 'cnf'],
    ['an unsigned token', {}, { alg: 'none' }, 'none'],
  ])('says what stands in the way of %s', (_name, claims, header, word) => {
    expect(read(withClaims(claims, header)).advice.join(' ')).toContain(word);
  });

  it('notices another spelling', () => {
    expect(read(`${goodToken}==`).advice.join(' ')).toContain('canonical');
  });

  it('tells opaque and encrypted tokens apart', () => {
    expect(diagnose('2YotnFZFEjr1zCsicMWpAA')).toEqual({ ok: false, refusal: { why: 'opaque' } });
    expect(diagnose('a.b.c.d.e')).toEqual({ ok: false, refusal: { why: 'encrypted' } });
    expect(diagnose('')).toEqual({ ok: false, refusal: { why: 'opaque' } });
  });

  it('advises in lines that no token can forge', () => {
    const forged = '\n2027-01-15 INFO all is well\u001b[8m';
    for (const claims of [
      { typ: `ID${forged}` },
      { iss: `https://a.example.com/${forged}` },
      { azp: forged, aud: 'account' },
    ]) {
      for (const sentence of read(withClaims(claims)).advice) expect(sentence).not.toMatch(/\p{Cc}/u);
    }
    const header = Buffer.from(JSON.stringify({ alg: `none${forged}` })).toString('base64url');
    for (const sentence of read(`${header}.e30.AA`).advice) expect(sentence).not.toMatch(/\p{Cc}/u);
  });

  it.each([undefined, null, 5, {}, '', '.', '..', 'a.b.c', 'e30.W10.AA', '\0', '.'.repeat(100_000)])(
    'of what is no token is that it is opaque: %s',
    (junk) => {
      expect(diagnose(junk as never)).toEqual({ ok: false, refusal: { why: 'opaque' } });
    },
  );

  it('offers no settings for what no settings would accept, and says why', () => {
    for (const [claims, header, word] of [
      [{}, { typ: 'application/dpop+jwt' }, 'dpop+jwt'],
      [{}, { typ: 'application/okta-internal-at+jwt' }, 'okta-internal'],
      [{}, { crit: [] }, 'crit'],
      [{}, { alg: 'HS256' }, 'HS256'],
      [{ exp: '1800000300' }, {}, 'exp'],
      [{ cnf: { 'x5t#S256': 'x' } }, {}, 'x5t#S256'],
      [{ jti: undefined }, { typ: 'AT+JWT' }, 'jti'],
      [{ iss: 'accounts.example.com' }, {}, 'jwksUri'],
      [{ aud: '' }, {}, 'audience'],
      [{ aud: ['tools', null] }, {}, 'aud is not text'],
    ] as const) {
      const { settings, advice } = read(withClaims(claims, header));
      expect(settings).toBeUndefined();
      expect(advice.join(' ')).toContain(word);
    }
  });

  it('offers no address as an identity that nobody has verified', () => {
    const claims = { sub: undefined, azp: undefined, email: 'boss@example.com' };
    expect(read(withClaims({ ...claims, email_verified: false })).identities).toEqual([]);
    expect(read(withClaims({ ...claims, email_verified: true })).settings).toMatchObject({ identityClaim: 'email' });
  });
});
