import { createHmac, createPublicKey, type webcrypto } from 'node:crypto';
import { startTestIdp, type TestIdp, type TestRealm } from '@keyturn/idp/testing';

/** The name that the identity provider has in `iss`. Nobody listens there: whoever asks it for keys gets none. */
const publicUrl = 'https://keycloak.example';

export const audience = 'orders';

const realm: TestRealm = {
  clients: {
    [audience]: { roles: ['reader'] },
    app: { secret: 'app-secret', passwordGrant: true, audiences: [audience] },
    'other-app': { secret: 'other-app-secret', passwordGrant: true, audiences: ['billing'] },
  },
  users: { alice: { clientRoles: { [audience]: ['reader'] } }, bob: {} },
};

/** An identity provider that is reached at another address than it calls itself. */
export interface Issuing {
  readonly issuer: string;
  /** The issuer under another name that leads to the same place, as a login page may have. */
  readonly alias: string;
  /** Where it is reached: what somebody might take for the issuer. */
  readonly reached: string;
  readonly jwksUrl: string;
  readonly close: () => Promise<void>;
  /** Alice's token for the service, with the role reader. */
  readonly good: string;
  readonly subject: string;
  /** Bob's, without the role. */
  readonly withoutRole: string;
  /** Alice's claims, signed by the realm once more: what refuses its variations refuses just what was varied. */
  readonly copy: string;
  /** Tokens that no service may take, by what is wrong with them. */
  readonly bad: Readonly<Record<string, string>>;
}

export async function openIssuing(): Promise<Issuing> {
  const idp = await startTestIdp({ acme: realm, other: realm }, { hostname: publicUrl });
  try {
    const { token: good } = await logIn(idp, 'acme', 'app', 'alice');
    const claims = claimsOf(good);
    const { sub } = claims;
    if (typeof sub !== 'string') throw new Error('the token has no sub');
    const jwksUrl = `${idp.url}/realms/acme/protocol/openid-connect/certs`;
    return {
      issuer: `${publicUrl}/realms/acme`,
      alias: 'https://login.example/realms/acme',
      reached: `${idp.url}/realms/acme`,
      jwksUrl,
      close: () => idp.close(),
      good,
      subject: sub,
      withoutRole: (await logIn(idp, 'acme', 'app', 'bob')).token,
      copy: await idp.signed('acme', claims),
      bad: await badTokens(idp, good, claims, jwksUrl),
    };
  } catch (error) {
    await idp.close();
    throw error;
  }
}

async function badTokens(
  idp: TestIdp,
  good: string,
  claims: Claims,
  jwksUrl: string,
): Promise<Readonly<Record<string, string>>> {
  const now = Math.floor(Date.now() / 1000);
  const { exp: _, ...endless } = claims;
  const { aud: __, ...forNobody } = claims;
  const { sub: ___, ...ofNobody } = claims;
  const signed = (varied: Claims): Promise<string> => idp.signed('acme', varied);
  return {
    'for another audience': (await logIn(idp, 'acme', 'other-app', 'bob')).token,
    'for an audience whose name begins alike': await signed({ ...claims, aud: `${audience}-archive` }),
    'for no audience': await signed(forNobody),
    'of another realm': (await logIn(idp, 'other', 'app', 'alice')).token,
    'of another realm, with the claims of this one': await idp.signed('other', claims),
    'whose issuer has a slash more': await signed({ ...claims, iss: `${publicUrl}/realms/acme/` }),
    'that is expired': await signed({ ...claims, iat: now - 360, exp: now - 60 }),
    'that never ends': await signed(endless),
    'of nobody': await signed(ofNobody),
    'that is an ID token': (await logIn(idp, 'acme', 'app', 'alice')).idToken,
    'that is an ID token with this audience': await signed({ ...claims, typ: 'ID' }),
    'that is unsigned': unsigned(good),
    'with an HMAC under the public key': await hmacByPublicKey(good, jwksUrl),
    'with another payload under its signature': repacked(good, { ...claims, preferred_username: 'root' }),
    'that is no JWT': 'x',
  };
}

type Claims = Readonly<Record<string, unknown>>;

async function logIn(
  idp: TestIdp,
  realmName: string,
  client: string,
  username: string,
): Promise<{ token: string; idToken: string }> {
  const { status, body } = await idp.tokenAnswer(realmName, {
    grant_type: 'password',
    client_id: client,
    client_secret: `${client}-secret`,
    username,
    password: username,
    scope: 'openid',
  });
  const { access_token: token, id_token: idToken } = body;
  if (typeof token !== 'string' || typeof idToken !== 'string') throw new Error(`${username} got ${status}`);
  return { token, idToken };
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function partOf(token: string, index: number): Claims {
  return JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString()) as Claims;
}

function claimsOf(token: string): Claims {
  return partOf(token, 1);
}

function unsigned(token: string): string {
  return `${encode({ ...partOf(token, 0), alg: 'none' })}.${token.split('.')[1] ?? ''}.`;
}

function repacked(token: string, claims: Claims): string {
  const [header = '', , signature = ''] = token.split('.');
  return `${header}.${encode(claims)}.${signature}`;
}

/** What a library that takes `alg` from the token would accept: the public key, as text, for the shared secret. */
async function hmacByPublicKey(token: string, jwksUrl: string): Promise<string> {
  const { kid } = partOf(token, 0);
  const { keys } = (await (await fetch(jwksUrl)).json()) as { keys: (webcrypto.JsonWebKey & { kid: string })[] };
  const key = keys.find((one) => one.kid === kid);
  if (key === undefined) throw new Error('the token’s key is not among the keys');
  const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const signedText = `${encode({ alg: 'HS256', typ: 'JWT', kid })}.${token.split('.')[1] ?? ''}`;
  return `${signedText}.${createHmac('sha256', pem).update(signedText).digest('base64url')}`;
}
