import { verify } from 'node:crypto';
import { createVerifier as createFastJwt } from 'fast-jwt';
import { createLocalJWKSet, jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { createVerifier, type Verifier } from '@keyturn/verify';
import type { Material } from './tokens.ts';
import { audience, issuer, parametersOf } from './tokens.ts';

/** Something that checks tokens: the i-th of the material, by what it was built with. Throws if the token is refused. */
export interface Contender {
  readonly name: string;
  readonly check: (i: number) => unknown;
}

/** What checks a token it has not seen: the floor first, which only checks the signature of what is decoded already. */
export function uncached(material: Material): readonly Contender[] {
  const { alg, publicKey, jwk, pem, tokens, decoded } = material;
  const { hash, options } = parametersOf(alg);
  const key = Object.keys(options).length === 0 ? publicKey : { key: publicKey, ...options };
  const at = <Value>(values: readonly Value[], i: number): Value => values[i % values.length] as Value;

  const ours = createVerifier({ issuer, audience, jwks: { keys: [jwk] }, cacheSize: 0 });
  // jose's own type for the same members.
  const joseKeys = createLocalJWKSet({ keys: [jwk] as never });
  const fastJwt = createFastJwt({
    key: pem,
    algorithms: [alg],
    allowedIss: issuer,
    allowedAud: audience,
    cache: false,
  });

  const all: (Contender | undefined)[] = [
    {
      name: 'floor',
      check: (i) => mustBe(verify(hash, at(decoded, i).signed, key, at(decoded, i).signature)),
    },
    { name: '@keyturn/verify', check: (i) => mustBe(ours.verifySync(at(tokens, i))?.ok) },
    { name: 'and its roles', check: (i) => mustBe(rolesOf(ours.verifySync(at(tokens, i))) > 0) },
    {
      name: 'jose',
      check: (i) =>
        jwtVerify(at(tokens, i), joseKeys, { issuer, audience, algorithms: [alg], requiredClaims: ['exp'] }),
    },
    { name: 'fast-jwt', check: (i) => fastJwt(at(tokens, i)) },
    alg === 'EdDSA'
      ? undefined
      : {
          name: 'jsonwebtoken',
          check: (i) => jsonwebtoken.verify(at(tokens, i), publicKey, { algorithms: [alg], issuer, audience }),
        },
  ];
  return all.filter((one) => one !== undefined);
}

/** What checks a token that it has seen before, each time from a fresh text, as a server gets it from the wire. */
export function cached(material: Material): readonly Contender[] {
  const { alg, jwk, pem, tokens } = material;
  const wire = tokens.map((token) => Buffer.from(token));
  const fresh = (i: number): string => (wire[i % wire.length] as Buffer).toString('latin1');
  // With a source of revocations, so that its epoch is looked at on each hit.
  const revocation = { epochAt: () => 1, check: () => ({ standing: 'good' }) as const };
  const ours = createVerifier({ issuer, audience, jwks: { keys: [jwk] }, revocation });
  const fastJwt = createFastJwt({ key: pem, algorithms: [alg], allowedIss: issuer, allowedAud: audience, cache: 1000 });
  return [
    { name: 'the text alone', check: fresh },
    { name: '@keyturn/verify', check: (i) => mustBe(ours.verifySync(fresh(i))?.ok) },
    { name: 'fast-jwt', check: (i) => fastJwt(fresh(i)) },
  ];
}

/** Looks at the roles, for which all claims have to be built. */
function rolesOf(verdict: ReturnType<Verifier['verifySync']>): number {
  return verdict?.ok === true ? verdict.value.roles.realm.length : 0;
}

function mustBe(good: boolean | undefined): void {
  if (good !== true) throw new Error('a good token was refused');
}
