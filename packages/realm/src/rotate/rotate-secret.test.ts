import type { GuardedFetch } from '@keyturn/net';
import { describe, expect, it } from 'vitest';
import { createFakeKeycloak } from '../testing/fake-keycloak.ts';
import { adminOf, applyFile } from '../testing/fixture.ts';
import { readTrial, rotateSecret, setEnvLine } from './rotate-secret.ts';

async function realmWith() {
  const fake = createFakeKeycloak();
  await applyFile(fake, {
    realm: 'r',
    clients: [
      { clientId: 'web', secret: 'old' },
      { clientId: 'spa', publicClient: true },
    ],
  });
  const secretNow = () => fake.realms.get('r')?.clients.find((client) => client['clientId'] === 'web')?.['secret'];
  const tokens = {
    status: 400,
    body: { error: 'unauthorized_client', error_description: 'Client not enabled to retrieve service account' },
  };
  const fetch: GuardedFetch = Object.assign(
    async () => ({
      ok: true as const,
      value: {
        status: tokens.status,
        headers: { get: () => null },
        body: new Uint8Array(),
        text: () => JSON.stringify(tokens.body),
        url: '',
      },
    }),
    { close: async () => undefined, [Symbol.asyncDispose]: async () => undefined },
  );
  const options = {
    admin: adminOf(fake),
    realm: 'r',
    clientId: 'web',
    fetch,
    random: (n: number) => new Uint8Array(n).fill(7),
  };
  return { secretNow, tokens, options };
}

describe('rotating a secret', () => {
  it('sets, tries and delivers a new one', async () => {
    const { options, secretNow } = await realmWith();
    let delivered = '';
    const rotated = await rotateSecret({ ...options, deliver: async (secret) => void (delivered = secret) });
    expect(rotated).toEqual({ ok: true, value: { oldStillValid: false } });
    expect(delivered).toHaveLength(64);
    expect(secretNow()).toBe(delivered);
  });

  it('puts the old one back when the new one is not accepted or cannot be written', async () => {
    const { options, secretNow, tokens } = await realmWith();
    const failing = { ...options, deliver: () => Promise.reject(new Error('disk full')) };
    expect(await rotateSecret(failing)).toEqual({ ok: false, refusal: { why: 'not-delivered', detail: 'disk full' } });
    expect(secretNow()).toBe('old');
    tokens.status = 401;
    tokens.body = { error: 'unauthorized_client', error_description: 'Invalid client or Invalid client credentials' };
    expect(await rotateSecret(failing)).toMatchObject({ refusal: { why: 'not-accepted' } });
    expect(secretNow()).toBe('old');
  });

  it('refuses clients that have none', async () => {
    const { options } = await realmWith();
    const deliver = async () => undefined;
    expect(await rotateSecret({ ...options, deliver, clientId: 'spa' })).toMatchObject({
      refusal: { why: 'public-client' },
    });
    expect(await rotateSecret({ ...options, deliver, clientId: 'nobody' })).toMatchObject({
      refusal: { why: 'no-client' },
    });
  });
});

it.each([
  ['', 'A=1\n'],
  ['B=2', 'B=2\nA=1\n'],
  ['A=0\nB=2\n', 'A=1\nB=2\n'],
  ['AA=3\nexport A=0\n', 'AA=3\nA=1\n'],
])('an environment file %j becomes %j', (before, after) => {
  expect(setEnvLine(before, 'A', '1')).toBe(after);
});

it('tells a wrong secret from a client that may not use the grant', () => {
  expect(
    readTrial(401, '{"error":"invalid_client","error_description":"Invalid client or Invalid client credentials"}'),
  ).toContain('Invalid client');
  expect(
    readTrial(
      401,
      '{"error":"unauthorized_client","error_description":"Client not enabled to retrieve service account"}',
    ),
  ).toBeUndefined();
  expect(readTrial(200, '{}')).toBeUndefined();
  expect(readTrial(200, '')).toBeUndefined();
  expect(readTrial(302, '<html>')).toContain('no JSON');
});
