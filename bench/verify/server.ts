// A web server for the bench: `node server.ts MODE`, where MODE is `open` or `protected`. The parent sends what tokens
// are checked by, and hears the port.
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createVerifier } from '@keyturn/verify';
import { requireToken } from '@keyturn/verify/express';
import { audience, issuer } from './tokens.ts';

const body = JSON.stringify({ hello: 'world', of: 'sixty-five bytes, as small answers are here' });
const answer: RequestListener = (_request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(body);
};

process.once('message', (jwk: Record<string, string>) => {
  const protect = requireToken(createVerifier({ issuer, audience, jwks: { keys: [jwk] } }));
  const guarded: RequestListener = (request, response) => protect(request, response, () => answer(request, response));
  const server = createServer(process.argv[2] === 'protected' ? guarded : answer);
  server.listen(0, '127.0.0.1', () => {
    // The address of a listening TCP server is never a path.
    process.send?.((server.address() as AddressInfo).port);
  });
});
process.once('disconnect', () => process.exit(0));
