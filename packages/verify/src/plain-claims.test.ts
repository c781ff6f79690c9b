import type { JsonObject } from '@keyturn/protocol';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPlainClaimsReader, isJudged } from './plain-claims.ts';
import { parseStrictJson } from './strict-json.ts';

const readPlain = createPlainClaimsReader();

function read(text: string | Buffer): ReturnType<typeof readPlain> {
  const bytes = Buffer.from(text);
  // What is left of a longer text in the same memory must not be read as if it belonged to this one.
  const memory = Buffer.concat([bytes, Buffer.from('"}]tail')]);
  return readPlain(memory, bytes.length);
}

/** That whatever is said of a text is what the thorough reader says of it. Returns whether anything was said. */
function holdsUp(text: string | Buffer): boolean {
  const plain = read(text);
  if (plain === undefined) return false;
  const thorough = parseStrictJson(Buffer.from(text));
  if (typeof thorough === 'string') throw new Error(`taken for plain, but ${thorough}: ${plain.text}`);
  expect(plain.text).toBe(Buffer.from(text).toString());
  const judged: JsonObject = Object.fromEntries(Object.entries(thorough).filter(([name]) => isJudged(name)));
  // Members that are undefined are missing.
  expect(plain.judged).toEqual(judged);
  return true;
}

const claims = {
  exp: 1795371471,
  iat: 0,
  jti: 'onrtac:8c9a2e1e',
  iss: 'https://keycloak.example.com/realms/aip',
  aud: ['aip-gateway', 'account'],
  sub: 'b1b2b3b4-1111',
  typ: 'Bearer',
  azp: 'aip-agent-1',
  'allowed-origins': ['https://app.example.com'],
  realm_access: { roles: ['operator', 'viewer'] },
  resource_access: { account: { roles: ['view-profile'] }, 'aip-gateway': { roles: [] }, none: {} },
  scope: 'openid profile',
  email_verified: true,
  cnf: { jkt: 'x' },
  offset: -12,
  nothing: null,
  no: false,
};
const plainText = JSON.stringify(claims);

const names = fc.oneof(
  fc.constantFrom('iss', 'aud', 'exp', 'scope', 'sub', 'typ', '__proto__', 'roles', 'a', '', 'constructor'),
  fc.string({ maxLength: 5 }),
);
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ maxLength: 5 }),
    fc.integer(),
    fc.double(),
    fc.constantFrom(true, false, null, 1e21, -0, 'ä', 'a"b', '\n'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map((members) => Object.fromEntries(members)),
  ),
})).value;
/** Members as a text, so that one may come twice. */
const objects = fc
  .array(fc.tuple(names, values), { maxLength: 6 })
  .map(
    (members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`,
  );

describe('what a plain token says', () => {
  it('is found without the thorough reader, in claims as Keycloak writes them', () => {
    expect(holdsUp(plainText)).toBe(true);
  });

  it('is what the thorough reader says, for any claims', () => {
    let said = 0;
    fc.assert(
      fc.property(objects, (text) => {
        if (holdsUp(text)) said++;
      }),
      { numRuns: 3000 },
    );
    expect(said).toBeGreaterThan(100);
  });

  it('is what the thorough reader says, however the text is damaged', () => {
    let said = 0;
    const damage = fc.oneof(fc.constantFrom(...Buffer.from('"\\{}[]:, \t0-.eE1tfn')), fc.nat(255));
    fc.assert(
      fc.property(fc.nat(plainText.length), fc.nat(2), fc.array(damage, { maxLength: 3 }), (at, gone, put) => {
        const bytes = Buffer.from(plainText);
        if (holdsUp(Buffer.concat([bytes.subarray(0, at), Buffer.from(put), bytes.subarray(at + gone)]))) said++;
      }),
      { numRuns: 5000 },
    );
    // Much of it is harmless, within a text.
    expect(said).toBeGreaterThan(100);
  });

  it('is what the thorough reader says, wherever the text ends', () => {
    for (let end = 0; end < plainText.length; end++) expect(holdsUp(plainText.slice(0, end))).toBe(false);
  });

  it('is left to the thorough reader if a member comes twice, at any depth', () => {
    for (const text of ['{"aud":"a","aud":"b"}', '{"a":{"b":1,"b":2}}', '{"a":[{"b":{"c":1,"d":1,"c":1}}]}']) {
      expect(parseStrictJson(Buffer.from(text))).toBe('duplicate');
      expect(read(text)).toBeUndefined();
    }
  });

  it('is told apart from a name of the same hash', () => {
    // With a factor of 31, "Aa" and "BB" have the same hash, and so have "expAa" and "expBB".
    const text = '{"Aa":1,"b":{"BB":2},"jtj":"3","jti":"4","subAa":5}';
    expect(holdsUp(text)).toBe(true);
    expect(read(text)?.judged.jti).toBe('4');
    expect(read('{"Aa":1,"BB":2}')).toBeUndefined();
    // "jtJ" + 31 is "juK"…: a name that only shares the hash of `jti` is not `jti`.
    const twin = `j${String.fromCharCode('t'.charCodeAt(0) + 1)}${String.fromCharCode('i'.charCodeAt(0) - 31)}`;
    expect(read(`{"${twin}":"forged"}`)?.judged.jti).toBeUndefined();
  });

  it('is left to the thorough reader beyond its depth and its number of names', () => {
    const deep = `${'{"a":'.repeat(20)}1${'}'.repeat(20)}`;
    const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`n${i}`, i])));
    expect([read(deep), read(wide)]).toEqual([undefined, undefined]);
    expect(typeof parseStrictJson(Buffer.from(deep))).toBe('object');
  });
});
