/**
 * Starts an embedded identity provider inside a test, on a free loopback port, in well under 100 ms: with fixed test
 * keys, cheap password hashes and nothing on disk.
 *
 * ```ts
 * await using idp = await startTestIdp({ demo: { clients: { agent: { secret: 's', serviceAccount: true } } } });
 * const token = await idp.token('demo', { grant_type: 'client_credentials', client_id: 'agent', client_secret: 's' });
 * ```
 */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { RealmRepresentation } from '@keyturn/realm';
import { type JWTPayload, SignJWT } from 'jose';
import { createIdp, type Idp, type IdpOptions } from '../create-idp.ts';
import type { KeySource } from '../keys/make.ts';
import type { PasswordHasher } from '../passwords.ts';
import { fixedTestEcKey, fixedTestRsaKeys } from './fixed-keys.ts';
import { buildTestRealm, type TestRealm } from './realm-builder.ts';

export { buildTestRealm, type TestClient, type TestRealm, type TestUser } from './realm-builder.ts';

/** A test's identity provider. `await using` closes it. */
export interface TestIdp extends Idp {
  /** Base URL, such as `http://127.0.0.1:41234`. */
  readonly url: string;
  /** A realm's issuer. */
  issuer(realm: string): string;
  /** The token endpoint's answer to a form, with its status. */
  tokenAnswer(
    realm: string,
    form: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }>;
  /** The access token for a form; throws with the answer when refused. */
  token(realm: string, form: Readonly<Record<string, string>>): Promise<string>;
  /** The access token of master's administrator. */
  adminToken(): Promise<string>;
  /** A JWT with any claims, signed by the realm's own RS256 key: what others make of an odd one can be tried. */
  signed(realm: string, claims: JWTPayload, typ?: string): Promise<string>;
}

/** Options of `createIdp`, without those that a test never sets. `dataUrl` is memory unless given. */
export type TestIdpOptions = Partial<Omit<IdpOptions, 'keySource' | 'passwords'>> & { readonly port?: number };

/** Starts one with these realms, by name; a value is a few words (`TestRealm`) or, with `realm` in it, a whole representation. */
export async function startTestIdp(
  realms: Readonly<Record<string, TestRealm | RealmRepresentation>> = {},
  options: TestIdpOptions = {},
): Promise<TestIdp> {
  const { port = 0, ...rest } = options;
  const env = { KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: 'admin', ...rest.env };
  const idp = await createIdp({
    dataUrl: 'sqlite::memory:',
    ...rest,
    env,
    keySource: fixedKeySource(),
    passwords: cheapPasswords,
  });
  for (const [name, realm] of Object.entries(realms)) {
    const imported = await idp.importRealm(isRepresentation(realm) ? realm : buildTestRealm(name, realm));
    if (!imported.ok) throw new Error(`realm ${name}: ${JSON.stringify(imported.refusal)}`);
  }
  const url = await idp.listen({ port });
  const issuer = (realm: string): string => `${url}/realms/${encodeURIComponent(realm)}`;
  const tokenAnswer: TestIdp['tokenAnswer'] = async (realm, form) => {
    const answer = await fetch(`${issuer(realm)}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    });
    return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> };
  };
  const token: TestIdp['token'] = async (realm, form) => {
    const { status, body } = await tokenAnswer(realm, form);
    const issued = body['access_token'];
    if (status !== 200 || typeof issued !== 'string')
      throw new Error(`token endpoint: ${status} ${JSON.stringify(body)}`);
    return issued;
  };
  return {
    ...idp,
    url,
    issuer,
    tokenAnswer,
    token,
    adminToken: () =>
      token('master', { grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'admin' }),
    async signed(realm, claims, typ = 'JWT') {
      const certs = await fetch(`${issuer(realm)}/protocol/openid-connect/certs`);
      const { keys } = (await certs.json()) as {
        readonly keys: readonly { readonly n?: string; readonly kid?: string }[];
      };
      for (const key of fixedTestRsaKeys.map(readKey)) {
        const { n } = createPublicKey(key).export({ format: 'jwk' });
        const kid = keys.find((one) => one.n === n)?.kid;
        if (kid !== undefined) return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ, kid }).sign(key);
      }
      throw new Error(`realm ${realm} signs with none of the fixed keys`);
    },
  };
}

function isRepresentation(realm: TestRealm | RealmRepresentation): realm is RealmRepresentation {
  return 'realm' in realm;
}

/** Key pairs from the fixed list, each in turn, so that two realms do not share one too easily. */
function fixedKeySource(): KeySource {
  let next = 0;
  return {
    rsa: async (bits) => {
      const fixed = bits === 2048 ? fixedTestRsaKeys[next++ % fixedTestRsaKeys.length] : undefined;
      return fixed === undefined
        ? (await promisify(generateKeyPair)('rsa', { modulusLength: bits })).privateKey
        : readKey(fixed);
    },
    ec: async (curve) =>
      curve === 'P-256'
        ? readKey(fixedTestEcKey)
        : (await promisify(generateKeyPair)('ec', { namedCurve: curve })).privateKey,
    ed25519: async () => (await promisify(generateKeyPair)('ed25519')).privateKey,
  };
}

function readKey(base64: string): KeyObject {
  return createPrivateKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'pkcs8' });
}

const scryptAsync = promisify<string, string, number, { N: number }, Buffer>(scrypt);
const cheap = async (password: string): Promise<string> =>
  `cheap$${(await scryptAsync(password, 'test', 32, { N: 16 })).toString('base64')}`;

// A test's passwords protect nothing; a real hash would cost 50 ms a login.
const cheapPasswords: PasswordHasher = {
  hash: cheap,
  check: async (hash, password) => hash === (await cheap(password)),
  pretend: async () => {},
};
