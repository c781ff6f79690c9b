import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { GuardedFetch } from '@keyturn/net';
import { createGuardedFetch } from '@keyturn/net';
import { milliseconds } from '@keyturn/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { issuerKeySet } from '../../vector-makers/keys.ts';
import type { Fetch } from './key-source.ts';
import { createKeySource } from './key-source.ts';

const open: { server: Server; fetch: GuardedFetch }[] = [];

/** A server on the loopback, and a guarded fetch that may call it, with less patience than in earnest. */
async function serve(listener: RequestListener): Promise<{ readonly origin: string; readonly fetch: Fetch }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fetch = createGuardedFetch({ allowPrivateHosts: ['127.0.0.1'] });
  open.push({ server, fetch });
  const impatient: Fetch = (url, request) => fetch(url, { ...request, timeout: milliseconds(300) });
  // The address of a listening TCP server is never a path.
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, fetch: impatient };
}

afterEach(async () => {
  for (const { server, fetch } of open.splice(0)) {
    await fetch.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const keySet = JSON.stringify(issuerKeySet());

describe('a key set across the network', () => {
  it('is read, and its unfit members skipped', async () => {
    const { origin, fetch } = await serve((_request, response) => response.end(keySet));
    const loaded = await createKeySource({ jwksUri: `${origin}/certs` }, fetch)(undefined);
    expect(loaded.ok && loaded.value.keys).toHaveLength(7);
    expect(loaded.ok && loaded.value.skipped.length).toBeGreaterThan(5);
  });

  it('keeps the objects of keys that stay', async () => {
    const { origin, fetch } = await serve((_request, response) => response.end(keySet));
    const load = createKeySource({ jwksUri: `${origin}/certs` }, fetch);
    const first = await load(undefined);
    const second = await load(first.ok ? first.value : undefined);
    expect(first.ok && second.ok && second.value.keys.every((key, i) => key === first.value.keys[i])).toBe(true);
  });

  const big = `{"keys":[${' '.repeat(2_000_000)}]}`;
  const refused: readonly (readonly [name: string, listener: RequestListener, fault: string])[] = [
    ['an error answer', (_, response) => response.writeHead(503).end('later'), '503'],
    ['an error answer with keys', (_, response) => response.writeHead(404).end(keySet), '404'],
    ['no JSON', (_, response) => response.end('<html>'), 'JSON'],
    ['a list', (_, response) => response.end('[]'), 'JSON'],
    ['no keys', (_, response) => response.end('{}'), 'without "keys"'],
    ['keys of a wrong type', (_, response) => response.end('{"keys":{}}'), 'without "keys"'],
    ['an empty set', (_, response) => response.end('{"keys":[]}'), 'no key'],
    ['nothing but unfit keys', (_, response) => response.end('{"keys":[{"kty":"oct","k":"AA"}]}'), 'no key'],
    ['a redirect', (_, response) => response.writeHead(302, { location: '/elsewhere' }).end(), ''],
    ['two megabytes', (_, response) => response.end(big), ''],
    ['a gzip bomb', (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(big)), ''],
    ['silence', () => {}, ''],
    ['a connection that breaks', (_, response) => response.destroy(), ''],
  ];
  it.each(refused)('is not taken from %s', async (_name, listener, fault) => {
    const { origin, fetch } = await serve(listener);
    const loaded = await createKeySource({ jwksUri: `${origin}/certs` }, fetch)(undefined);
    expect(loaded.ok).toBe(false);
    expect(!loaded.ok && loaded.refusal).toContain(fault);
  });

  it('is not waited for when it trickles in', async () => {
    const { origin, fetch } = await serve((_request, response) => {
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    });
    const loaded = await createKeySource({ jwksUri: `${origin}/certs` }, fetch)(undefined);
    expect(!loaded.ok && loaded.refusal).toContain('127.0.0.1');
  });

  it('is asked for with five seconds and one megabyte, and no redirects', async () => {
    const seen: unknown[] = [];
    const fetch: Fetch = (url, request) => {
      seen.push([url, request.timeout, request.maxBytes, request.redirect]);
      return Promise.resolve({ ok: true, value: { status: 200, text: () => keySet } });
    };
    await createKeySource({ jwksUri: 'https://keys.example.com/' }, fetch)(undefined);
    expect(seen).toEqual([['https://keys.example.com/', 5000, 1024 * 1024, 'error']]);
  });
});

describe('discovery', () => {
  /** An issuer that publishes this document, with its origin in the place of ORIGIN. */
  async function discover(document: string, issuerPath = '/realms/x') {
    const asked: (string | undefined)[] = [];
    const { origin, fetch } = await serve((request, response) => {
      asked.push(request.url);
      const { host = '' } = request.headers;
      response.end(request.url?.endsWith('/certs') ? keySet : document.replaceAll('ORIGIN', `http://${host}`));
    });
    const loaded = await createKeySource({ discoveryOf: `${origin}${issuerPath}` }, fetch)(undefined);
    return { asked, outcome: loaded.ok ? 'read' : loaded.refusal };
  }

  it('leads to the keys', async () => {
    const { asked, outcome } = await discover('{"issuer":"ORIGIN/realms/x","jwks_uri":"ORIGIN/realms/x/certs"}');
    expect(outcome).toBe('read');
    expect(asked).toEqual(['/realms/x/.well-known/openid-configuration', '/realms/x/certs']);
  });

  it('of an issuer that ends in a slash does not double it', async () => {
    const { asked, outcome } = await discover('{"issuer":"ORIGIN/","jwks_uri":"ORIGIN/certs"}', '/');
    expect(outcome).toBe('read');
    expect(asked[0]).toBe('/.well-known/openid-configuration');
  });

  it.each([
    ['another issuer', '{"issuer":"https://evil.example.com","jwks_uri":"ORIGIN/certs"}', 'evil.example.com'],
    ['the issuer with a slash', '{"issuer":"ORIGIN/realms/x/","jwks_uri":"ORIGIN/certs"}', 'not of'],
    ['no issuer', '{"jwks_uri":"ORIGIN/certs"}', 'not of'],
    ['no key address', '{"issuer":"ORIGIN/realms/x"}', 'jwks_uri'],
    ['a key address that is none', '{"issuer":"ORIGIN/realms/x","jwks_uri":"certs"}', 'jwks_uri'],
    ['a key address in a file', '{"issuer":"ORIGIN/realms/x","jwks_uri":"file:///etc/passwd"}', 'file:'],
  ])('is not believed with %s', async (_name, document, fault) => {
    expect((await discover(document)).outcome).toContain(fault);
  });

  it('writes nothing of the document into the log as it stands there', async () => {
    const long = await discover(JSON.stringify({ issuer: `https://evil.example.com/\u009b${'x'.repeat(10_000)}` }));
    expect(long.outcome.length).toBeLessThan(500);
    const forged = 'ORIGIN/gone\n2027-01-15 INFO all is well/certs/not-here';
    const { outcome } = await discover(JSON.stringify({ issuer: 'ORIGIN/realms/x', jwks_uri: forged }));
    for (const said of [long.outcome, outcome]) expect(said).not.toMatch(/\p{Cc}/u);
    expect(outcome).toContain('/gone2027');
  });
});
