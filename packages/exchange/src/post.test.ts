import type { NetRefusal } from '@keyturn/net';
import { bytes, milliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { fakeEndpoint, standingClock } from './fake-endpoint.ts';
import { postTokenRequest } from './post.ts';
import { isServerFault } from './refusal.ts';

const at = { host: 'idp.example', port: 443 };
const request = { url: 'https://idp.example/token', method: 'POST', headers: {}, body: '' } as const;
const cases: readonly [NetRefusal, string, string][] = [
  [{ why: 'connect', ...at, code: 'ECONNREFUSED' }, 'unreachable', 'ECONNREFUSED'],
  [{ why: 'timeout', ...at, limit: milliseconds(10), phase: 'body', sent: true }, 'unreachable', '10 ms'],
  [{ why: 'dns', host: 'idp.example', code: 'ENOTFOUND' }, 'unreachable', 'ENOTFOUND'],
  [{ why: 'too-large', ...at, limit: bytes(262144) }, 'bad-answer', '262144 bytes'],
  [
    { why: 'redirect', host: 'idp.example', status: 307, problem: 'not-followed', to: 'https://evil.example' },
    'bad-answer',
    'https://evil.example',
  ],
];

describe('a token request that meets the network', () => {
  it.each(cases)('%j says what happened and counts against the server', async (refusal, why, words) => {
    const { fetch } = fakeEndpoint(() => refusal);
    const ports = { fetch, clock: standingClock(), timeout: milliseconds(10), secrets: [] };
    const result = await postTokenRequest(request, ports);
    expect(result).toMatchObject({ ok: false, refusal: { why, detail: expect.stringContaining(words) } });
    expect(!result.ok && isServerFault(result.refusal)).toBe(true);
  });

  it('never follows a redirect, and bounds time and size', async () => {
    let seen = {};
    await postTokenRequest(request, {
      fetch: async (_url, init) => {
        seen = init;
        return { ok: false, refusal: cases[0]![0] };
      },
      clock: standingClock(),
      timeout: milliseconds(1234),
      secrets: [],
    });
    expect(seen).toMatchObject({ redirect: 'error', timeout: 1234, maxBytes: 262_144 });
  });
});
