import { readFileSync } from 'node:fs';
import type { Json } from '@keyturn/protocol';
import { isJsonObject } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { algorithms } from './algorithms.ts';
import { parseHeader } from './header.ts';
import { splitJws } from './jws.ts';
import { isUsable, parseJwk } from './keys/jwk.ts';
import { fits } from './keys/key-index.ts';
import { isSignedBy } from './keys/signature.ts';

// The parts of Project Wycheproof about JSON Web Signatures (vectors/wycheproof has where they are from). Their payloads
// are no claims, so what is judged is all that is done before the claims are: form, header, key, signature.

interface Group {
  readonly comment: string;
  readonly public?: Json;
  readonly private?: Json;
  readonly tests: readonly {
    readonly tcId: number;
    readonly comment: string;
    readonly jws?: unknown;
    readonly result: 'valid' | 'invalid';
    readonly flags: readonly string[];
  }[];
}

function groupsOf(name: string): readonly Group[] {
  const file = new URL(`../../../vectors/wycheproof/${name}_test.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly testGroups: readonly Group[] }).testGroups;
}

/** The keys of a group as a key set would hold them, private members and all. */
function keysOf(group: Group): readonly Json[] {
  const given = group.public ?? group.private;
  if (!isJsonObject(given)) return [];
  const { keys } = given;
  return Array.isArray(keys) ? keys : [given];
}

const allowed = new Set<string>(algorithms.keys());

function accepts(jws: unknown, keys: readonly Json[]): boolean {
  const parts = splitJws(jws, 16_384);
  if (!parts.ok) return false;
  const header = parseHeader(String(jws).split('.')[0] ?? '', allowed);
  if (!header.ok) return false;
  const { algorithm, kid } = header.value;
  const candidates = keys.map(parseJwk).filter(isUsable);
  return candidates.some(
    (key) =>
      (kid === undefined || key.kid === undefined || key.kid === kid) &&
      fits(key, algorithm) &&
      isSignedBy(key, algorithm, parts.value.signed, parts.value.signature),
  );
}

/** Why a signature that is good by the suite is refused here. */
function refusedAllTheSame(jws: unknown, keys: readonly Json[]): string | undefined {
  const members = keys.map((key) => key as { readonly kty?: string; readonly alg?: string });
  if (members.some(({ kty }) => kty === 'oct')) return 'HMAC, which no resource server can be asked for';
  if (String(jws).includes('..')) return 'an empty payload, which holds no claims';
  const header = parseHeader(String(jws).split('.')[0] ?? '', allowed);
  const alg = header.ok ? header.value.algorithm.name : undefined;
  // The cookbook of RFC 7520 signs with PS384 and a key for PS256; the suite spells ES512 as ES521.
  if (members.every((key) => key.alg !== undefined && key.alg !== alg)) return 'a key for another algorithm';
  return undefined;
}

describe.each(['json_web_signature', 'json_web_key', 'json_web_crypto'])('Wycheproof’s %s', (name) => {
  const cases = groupsOf(name).flatMap((group) =>
    group.tests
      .filter(({ jws }) => jws !== undefined)
      .map((test) => ({ ...test, keys: keysOf(group), group: group.comment })),
  );

  it('has cases, good and bad', () => {
    expect(cases.filter(({ result }) => result === 'invalid').length).toBeGreaterThan(5);
    expect(cases.some(({ result }) => result === 'valid')).toBe(true);
  });

  it('names nothing bad that is accepted here', () => {
    const accepted = cases.filter(({ result, jws, keys }) => result === 'invalid' && accepts(jws, keys));
    expect(accepted.map(({ tcId, group, comment }) => `${tcId} ${group}: ${comment}`)).toEqual([]);
  });

  it('names nothing good that is refused here, but for what is never accepted', () => {
    const refused = cases.filter(
      ({ result, jws, keys }) =>
        result === 'valid' && refusedAllTheSame(jws, keys) === undefined && !accepts(jws, keys),
    );
    expect(refused.map(({ tcId, group, comment }) => `${tcId} ${group}: ${comment}`)).toEqual([]);
  });
});
