import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { epochMilliseconds } from '@keyturn/protocol';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryReplayStore } from '../replay.ts';
import { issuerKeySet } from '../../vector-makers/keys.ts';
import { audience, goodClaims, goodToken, issuer, now, withClaims } from '../../vector-makers/vector.ts';
import { explain } from '../explain.ts';
import { createVerifier } from '../verifier.ts';
import { principalOf as expressPrincipal, requireToken } from './express.ts';
import { keyturnPlugin, principalOf as fastifyPrincipal } from './fastify.ts';
import type { ProtectOptions, RequestRefusal } from './request.ts';
import { createRequestAuthenticator } from './web.ts';

const clock = () => epochMilliseconds(now * 1000);
const verifier = createVerifier({
  issuer,
  audience,
  jwks: issuerKeySet(),
  clock,
  dpop: { replay: createMemoryReplayStore({ clock }) },
});
const heard: RequestRefusal[] = [];
const options: ProtectOptions = {
  realm: 'demo',
  resourceMetadata: 'https://api.example.com/.well-known/oauth-protected-resource',
  scopes: ['profile'],
  dpopAlgorithms: ['ES256'],
  publicOrigin: 'https://api.example.com',
  onRefusal: (refusal) => heard.push(refusal),
};

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

type Ask = (headers: Record<string, string>) => Promise<Answer>;

const close: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const end of close) await end();
});

async function listen(server: Server): Promise<Ask> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close.push(() => new Promise((resolve) => server.close(resolve)));
  // The address of a listening TCP server is never a path.
  const { port } = server.address() as AddressInfo;
  return async (headers) => {
    const response = await fetch(`http://127.0.0.1:${port}/who`, { headers: { ...headers, connection: 'close' } });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
}

const frameworks: Readonly<Record<string, () => Promise<Ask>>> = {
  Fastify: async () => {
    const app = fastify();
    app.register(keyturnPlugin, { verifier, ...options });
    app.get('/who', (request) => fastifyPrincipal(request).identity);
    await app.listen({ port: 0, host: '127.0.0.1' });
    close.push(() => app.close());
    return async (headers) => {
      const response = await app.inject({ url: '/who', headers });
      const entries = Object.entries(response.headers).flatMap(([name, value]) =>
        [value].flat().map((one): [string, string] => [name, String(one)]),
      );
      return { status: response.statusCode, headers: new Headers(entries), text: response.payload };
    };
  },
  Express: () => {
    const app = express();
    app.use(requireToken(verifier, options));
    app.get('/who', (request, response) => {
      response.send(expressPrincipal(request).identity);
    });
    return listen(createServer(app));
  },
  'Connect, which is Node itself': () => {
    const protect = requireToken(verifier, options);
    return listen(
      createServer((request, response) => {
        protect(request, response, () => response.end(expressPrincipal(request).identity));
      }),
    );
  },
  Hono: () => {
    const authenticate = createRequestAuthenticator(verifier, options);
    const app = new Hono();
    app.get('/who', async (context) => {
      const caller = await authenticate(context.req.raw);
      return caller.ok ? context.text(caller.value.identity) : caller.refusal;
    });
    return Promise.resolve(async (headers) => {
      const response = await app.request('http://localhost/who', { headers });
      return { status: response.status, headers: response.headers, text: await response.text() };
    });
  },
};

describe.each(Object.keys(frameworks))('%s', (name) => {
  let ask: Ask;
  beforeAll(async () => {
    const start = frameworks[name];
    if (start === undefined) throw new Error('no such framework');
    ask = await start();
  });

  const metadata = 'resource_metadata="https://api.example.com/.well-known/oauth-protected-resource"';

  it('lets a good token pass and says who calls', async () => {
    expect(await ask({ authorization: `Bearer ${goodToken}` })).toMatchObject({ status: 200, text: goodClaims.sub });
    expect(await ask({ authorization: `bearer ${goodToken}` })).toMatchObject({ status: 200 });
  });

  it.each([{}, { authorization: 'Basic YTpi' }, { authorization: '' }])(
    '401, without an error, for a request without a token: %j',
    async (headers) => {
      const { status, headers: fields } = await ask(headers);
      expect(status).toBe(401);
      expect(fields.get('www-authenticate')).toContain(`Bearer realm="demo", scope="profile", ${metadata}`);
      expect(fields.get('www-authenticate')).toContain('DPoP realm="demo"');
      expect(fields.get('www-authenticate')).not.toContain('error');
    },
  );

  it.each([
    ['forged', `Bearer ${goodToken.slice(0, -8)}AAAAAAAA`],
    ['double', `Bearer ${goodToken}, Bearer ${goodToken}`],
    ['spaced', `Bearer  ${goodToken}`],
    ['of another kind', `Bearer ${withClaims({ typ: 'ID' })}`],
  ])('401 invalid_token for a token that is %s', async (_name, authorization) => {
    const { status, headers: fields, text } = await ask({ authorization });
    expect(status).toBe(401);
    expect(fields.get('www-authenticate')).toContain('error="invalid_token"');
    expect(fields.get('cache-control')).toBe('no-store');
    expect(text).toContain('"error":"invalid_token"');
    expect(text).not.toContain(issuer);
  });

  it('403 insufficient_scope for a token that lacks a scope', async () => {
    const { status, headers: fields } = await ask({ authorization: `Bearer ${withClaims({ scope: 'openid' })}` });
    expect(status).toBe(403);
    expect(fields.get('www-authenticate')).toContain('error="insufficient_scope"');
    expect(fields.get('www-authenticate')).toContain('scope="profile"');
  });

  it('401 with a challenge for DPoP where the proof is missing', async () => {
    const { status, headers: fields } = await ask({ authorization: `DPoP ${withClaims({ cnf: { jkt: 'x' } })}` });
    expect(status).toBe(401);
    expect(fields.get('www-authenticate')).toContain('DPoP realm="demo", error="invalid_dpop_proof"');
    expect(fields.get('www-authenticate')).toContain('algs="ES256"');
  });

  it('lets the log say every refusal in a sentence', async () => {
    heard.length = 0;
    await ask({});
    await ask({ authorization: `Bearer ${withClaims({ scope: 'openid' })}` });
    await ask({ authorization: `Bearer ${withClaims({ exp: now })}` });
    expect(heard.map(explain)).toEqual([
      expect.stringContaining('no token'),
      expect.stringContaining('"openid", needed are "profile"'),
      expect.stringContaining('expired'),
    ]);
  });

  it('tells the log every fact of a refusal', async () => {
    heard.length = 0;
    await ask({ authorization: `Bearer ${withClaims({ aud: 'other' })}` });
    expect(heard).toEqual([{ why: 'audience', got: ['other'], expected: [audience], client: 'agent-1' }]);
  });
});

describe('a request with two Authorization headers', () => {
  it('is refused by Node’s server, which would otherwise look at the first alone', async () => {
    const protect = requireToken(verifier, options);
    const server = createServer((request, response) => protect(request, response, () => response.end('in')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { connect } = await import('node:net');
    const { port } = server.address() as AddressInfo;
    const text = await new Promise<string>((resolve) => {
      let all = '';
      const socket = connect(port, '127.0.0.1', () => {
        const line = `Authorization: Bearer ${goodToken}\r\n`;
        socket.write(`GET / HTTP/1.1\r\nHost: a\r\n${line}${line}Connection: close\r\n\r\n`);
      });
      socket.on('data', (chunk) => (all += String(chunk)));
      socket.on('close', () => resolve(all));
    });
    await new Promise((resolve) => server.close(resolve));
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    expect(text).toContain('invalid_request');
  });
});

describe('a route that nothing protects', () => {
  it('has no caller, and says so loudly', () => {
    expect(() => expressPrincipal({} as never)).toThrow('not protected');
    expect(() => fastifyPrincipal({ raw: {} } as never)).toThrow('not protected');
  });
});
