import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { describe, expect, it } from 'vitest';
import { issuerKeySet } from '../vector-makers/keys.ts';
import { signedWith } from '../vector-makers/vector.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = '']) => code);

describe('the README', () => {
  it('protects a service in five lines', async () => {
    const [first = ''] = examples;
    expect(first.split('\n').filter((line) => line !== '')).toHaveLength(5);
    // The code as it stands there, but for the issuer, which here is on the loopback.
    const issuer = createServer((request, response) => {
      const origin = `http://${request.headers.host}`;
      const document = { issuer: `${origin}/realms/demo`, jwks_uri: `${origin}/certs` };
      response.end(JSON.stringify(request.url === '/certs' ? issuerKeySet() : document));
    });
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
    // The address of a listening TCP server is never a path.
    const iss = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/realms/demo`;
    const { app, server, origin } = await service();
    const code = first
      .replace('https://keycloak.example.com/realms/demo', iss)
      .replaceAll(/import \{(.*)\} from '(.*)';/g, "const {$1} = await load('$2');");
    const load = (name: string): Promise<unknown> => import(name);
    // oxlint-disable-next-line typescript/no-implied-eval -- the code is that of the README, which is under test
    await new Function('app', 'load', `return (async () => {${code}})()`)(app, load);

    const now = Math.floor(Date.now() / 1000);
    const claims = { iss, aud: 'orders', iat: now, exp: now + 60 };
    const ask = (authorization?: string): Promise<Response> =>
      fetch(`${origin}/orders`, { headers: { connection: 'close', ...(authorization && { authorization }) } });
    const good = await ask(`Bearer ${signedWith('es256', 'ES256', {}, claims)}`);
    expect(await good.text()).toContain('"caller":"3f1b8a52');
    expect((await ask()).status).toBe(401);
    expect((await ask(`Bearer ${signedWith('es256', 'ES256', {}, { ...claims, aud: 'other' })}`)).status).toBe(401);
    for (const one of [issuer, server]) {
      one.closeAllConnections();
      await new Promise((resolve) => one.close(resolve));
    }
  });

  it('imports only what there is', async () => {
    const imports = examples.flatMap((code) => [...code.matchAll(/import \{(.*)\} from '(.*)';/g)]);
    expect(imports.length).toBeGreaterThan(5);
    for (const [, names = '', from = ''] of imports) {
      const module = (await import(from)) as Record<string, unknown>;
      for (const name of names.split(',')) expect(module[name.trim()], `${name} of ${from}`).toBeTypeOf('function');
    }
  });
});

async function service() {
  const app = express();
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { app, server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
