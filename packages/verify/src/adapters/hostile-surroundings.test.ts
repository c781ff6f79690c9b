import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { epochMilliseconds, refuse } from '@keyturn/protocol';
import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { issuerKeySet, publicJwk, testKey } from '../../vector-makers/keys.ts';
import { signToken } from '../../vector-makers/sign.ts';
import { audience, goodClaims, goodToken, issuer, now, withClaims } from '../../vector-makers/vector.ts';
import { createMemoryReplayStore } from '../replay.ts';
import type { Verifier } from '../verdict.ts';
import { createVerifier } from '../verifier.ts';
import { principalOf, requireToken } from './express.ts';
import { keyturnPlugin } from './fastify.ts';
import { createRequestAuthenticator } from './web.ts';

const clock = () => epochMilliseconds(now * 1000);

function verifierWithDpop(): Verifier {
  const dpop = { replay: createMemoryReplayStore({ clock }) };
  return createVerifier({ issuer, audience, jwks: issuerKeySet(), clock, dpop });
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');
const holder = testKey('attacker-ec');
const { kty, crv, x, y } = publicJwk(holder);
const boundToken = withClaims({ cnf: { jkt: sha256(JSON.stringify({ crv, kty, x, y })) } });

function proofFor(htu: string): string {
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } };
  const claims = { jti: 'one', htm: 'GET', htu, iat: now, ath: sha256(boundToken) };
  return signToken('ES256', holder, header, claims);
}

describe('a log that breaks', () => {
  const onRefusal = (): never => {
    throw new Error('the disk is full');
  };
  // One that has to wait, so that nobody is left on the stack to catch what is thrown.
  const late: Verifier = {
    ...verifierWithDpop(),
    verifySync: () => undefined,
    verify: () => Promise.resolve(refuse({ why: 'kind', got: 'ID' })),
  };

  it('neither lets a request into Node’s server nor leaves it waiting', async () => {
    const protect = requireToken(late, { onRefusal });
    const server = createServer((request, response) => protect(request, response, () => response.end('in')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const headers = { authorization: 'Bearer x', connection: 'close' };
    const response = await fetch(`http://127.0.0.1:${port}`, { headers });
    await new Promise((resolve) => server.close(resolve));
    expect([response.status, await response.text()]).toEqual([401, expect.stringContaining('invalid_token')]);
  });

  it('does neither to Fastify, nor to what speaks Request and Response', async () => {
    const app = fastify();
    app.register(keyturnPlugin, { verifier: late, onRefusal });
    app.get('/', () => 'in');
    const headers = { authorization: 'Bearer x' };
    expect((await app.inject({ url: '/', headers })).statusCode).toBe(401);
    const outcome = await createRequestAuthenticator(late, { onRefusal })(new Request('http://localhost', { headers }));
    expect(outcome).toMatchObject({ ok: false, refusal: { status: 401 } });
  });
});

describe('over HTTP/2', () => {
  async function ask(headers: Record<string, string> | readonly string[], publicOrigin?: string): Promise<string> {
    const protect = requireToken(verifierWithDpop(), publicOrigin === undefined ? {} : { publicOrigin });
    const server = createHttp2Server((request, response) => {
      // What Node gives for HTTP/2 stands in for an IncomingMessage, which Express and Fastify take it for as well.
      const [incoming, outgoing] = [request, response] as unknown as Parameters<typeof protect>;
      protect(incoming, outgoing, () => response.end(principalOf(incoming).identity));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    // Node's types do not know this one yet: without it Node's own client sends no header twice.
    const lax: object = { strictSingleValueFields: false };
    const session = connect(`http://127.0.0.1:${port}`, lax);
    const text = await new Promise<string>((resolve, reject) => {
      const stream = session.request(headers);
      let all = '';
      stream.on('response', (fields) => (all += `${fields[':status']} `));
      stream.on('data', (chunk) => (all += String(chunk)));
      stream.on('end', () => resolve(all));
      stream.on('error', reject);
      stream.end();
    });
    session.close();
    await new Promise((resolve) => server.close(resolve));
    return text;
  }
  const where = { ':path': '/orders', ':authority': 'api.example.com' };

  it('a proof is compared with the authority of the request', async () => {
    const headers = { ...where, authorization: `DPoP ${boundToken}` };
    const good = `200 ${goodClaims.sub}`;
    expect(await ask({ ...headers, dpop: proofFor('http://api.example.com/orders') })).toBe(good);
    expect(await ask({ ...headers, dpop: proofFor('http://other.example.com/orders') })).toContain(
      'invalid_dpop_proof',
    );
  });

  it('two Authorization headers are refused', async () => {
    const twice = ['authorization', `Bearer ${goodToken}`, 'authorization', `Bearer ${withClaims({ exp: 1 })}`];
    const pseudo = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'api.example.com'];
    expect(await ask([...pseudo, ...twice])).toMatch(/^40[01] .*invalid_request/);
  });
});

describe('the public origin', () => {
  it.each(['https://api.example.com', 'https://api.example.com/', 'https://API.example.com:443'])(
    'is the same however it is written: %s',
    async (publicOrigin) => {
      const authenticate = createRequestAuthenticator(verifierWithDpop(), { publicOrigin });
      const headers = { authorization: `DPoP ${boundToken}`, dpop: proofFor('https://api.example.com/orders') };
      expect(await authenticate(new Request('http://10.0.0.7/orders?page=2', { headers }))).toMatchObject({ ok: true });
    },
  );
});

describe('the options of an adapter', () => {
  const verifier = verifierWithDpop();
  it.each([
    ['verifier', undefined, {}],
    ['verifier', {}, {}],
    ['options', verifier, null],
    ['scopes', verifier, { scopes: 'orders' }],
    ['publicOrigin', verifier, { publicOrigin: 'api.example.com' }],
    ['publicOrigin', verifier, { publicOrigin: 'https://api.example.com?a' }],
    ['resourceMetadata', verifier, { resourceMetadata: '/.well-known/oauth-protected-resource' }],
    ['onRefusal', verifier, { onRefusal: 'log' }],
  ])('are looked at before any request comes: %s', (name, given, options) => {
    const message = new RegExp(`- ${name}: `);
    expect(() => requireToken(given as never, options as never)).toThrow(message);
    expect(() => createRequestAuthenticator(given as never, options as never)).toThrow(message);
    if (options === null) return;
    const register = () => keyturnPlugin(fastify(), { ...options, verifier: given } as never, () => {});
    expect(register).toThrow(message);
  });
});
