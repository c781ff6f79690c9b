import { epochSeconds, milliseconds, seconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { createGuardedFetch } from '../guarded-fetch.ts';
import { startServer } from '../test-server.ts';
import { explainWebhookRefusal, sendWebhook, type WebhookRefusal, webhookDelay } from './send-webhook.ts';
import { parseWebhookSecret, signWebhook, verifyWebhook } from './signature.ts';

// The example of the Standard Webhooks specification.
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const message = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: epochSeconds(1_614_265_330),
  body: '{"test": 2432232314}',
};
const signed = signWebhook(message, [secret]);
const received = (changed: Record<string, string | undefined> = {}) => {
  const all: Record<string, string | undefined> = { ...signed, ...changed };
  return { get: (name: string) => all[name] ?? null };
};

describe('the signature of a webhook', () => {
  it('is the one that the standard gives for its example', () => {
    expect(signed).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is believed for five minutes in either direction', () => {
    const at = (offset: number) =>
      verifyWebhook(received(), message.body, secret, epochSeconds(message.timestamp + offset));
    expect(at(0)).toEqual({ ok: true, value: { id: message.id } });
    expect(at(300).ok).toBe(true);
    expect(at(301)).toEqual({ ok: false, refusal: 'too-old' });
    expect(at(-301)).toEqual({ ok: false, refusal: 'too-new' });
  });

  it('is believed by either secret while one is being replaced', () => {
    const next = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const both = received(signWebhook(message, [next, secret]));
    expect(verifyWebhook(both, message.body, secret, message.timestamp).ok).toBe(true);
    expect(verifyWebhook(both, message.body, next, message.timestamp).ok).toBe(true);
  });

  it.each([
    ['another body', {}, '{"test": 1}', 'bad-signature'],
    ['another id', { 'webhook-id': 'msg_other' }, message.body, 'bad-signature'],
    ['another time', { 'webhook-timestamp': '1614265331' }, message.body, 'bad-signature'],
    ['a cut signature', { 'webhook-signature': 'v1,g0hM9SsE' }, message.body, 'bad-signature'],
    [
      'an unknown version',
      { 'webhook-signature': signed['webhook-signature']?.replace('v1', 'v2') },
      message.body,
      'bad-signature',
    ],
    ['an empty signature', { 'webhook-signature': '' }, message.body, 'bad-signature'],
    ['no signature', { 'webhook-signature': undefined }, message.body, 'missing-header'],
    ['no time', { 'webhook-timestamp': undefined }, message.body, 'missing-header'],
    ['a time that is none', { 'webhook-timestamp': '1e9' }, message.body, 'missing-header'],
    ['no id', { 'webhook-id': undefined }, message.body, 'missing-header'],
  ])('is not believed with %s', (_, headers, body, why) => {
    expect(verifyWebhook(received(headers), body, secret, message.timestamp)).toEqual({ ok: false, refusal: why });
  });

  it.each(['', 'whsec_', 'whsec_c2hvcnQ=', 's3cret', `whsec_${Buffer.alloc(65).toString('base64')}`, 'whsec_!!!'])(
    'is not made with "%s"',
    (bad) => {
      expect(parseWebhookSecret(bad).ok).toBe(false);
      expect(() => signWebhook(message, [bad])).toThrow('a webhook secret is whsec_');
      expect(verifyWebhook(received(), message.body, bad, message.timestamp)).toEqual({
        ok: false,
        refusal: 'bad-secret',
      });
    },
  );
});

describe('a webhook', () => {
  const hook = (url: string) => ({ url, secrets: [secret], id: 'evt_1', body: '{"type":"test"}' });

  it.each([
    [200, {}, { ok: true, value: undefined }],
    [204, {}, { ok: true, value: undefined }],
    [503, { 'retry-after': '120' }, { ok: false, refusal: { why: 'status', status: 503, retryAfter: 120 } }],
    [500, { 'retry-after': 'soon' }, { ok: false, refusal: { why: 'status', status: 500, retryAfter: undefined } }],
    [
      302,
      { location: 'http://elsewhere.example/' },
      { ok: false, refusal: { why: 'net', refusal: { why: 'redirect', to: 'http://elsewhere.example' } } },
    ],
  ])('is taken or not as the receiver answers: %d', async (status, answerHeaders, outcome) => {
    const seen: unknown[] = [];
    await using server = await startServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        const { headers } = request;
        const get = (name: string) => String(headers[name] ?? '');
        seen.push(request.method, headers['content-type'], verifyWebhook({ get }, body, secret, message.timestamp).ok);
        response.writeHead(status, answerHeaders).end();
      });
    });
    await using fetch = createGuardedFetch({ allowPrivateHosts: ['127.0.0.1'] });
    expect(await sendWebhook(fetch, hook(server.url), message.timestamp)).toMatchObject(outcome);
    expect(seen).toEqual(['POST', 'application/json', true]);
  });

  it('goes to no private address', async () => {
    await using fetch = createGuardedFetch();
    const outcome = await sendWebhook(fetch, hook('http://127.0.0.1:1/'), message.timestamp);
    expect(outcome).toMatchObject({ refusal: { why: 'net', refusal: { why: 'blocked-address' } } });
    expect(outcome.ok || explainWebhookRefusal(outcome.refusal)).toContain('not a public address');
  });

  it('is tried ten times in about three days, and then given up', () => {
    const refusal: WebhookRefusal = { why: 'status', status: 500, retryAfter: undefined };
    const waits = Array.from({ length: 11 }, (_, i) => webhookDelay(i + 1, refusal, (n) => new Uint8Array(n)));
    expect(waits).toEqual([5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400, undefined, undefined]);
    expect(webhookDelay(2, refusal, (n) => new Uint8Array(n).fill(255))).toBe(330);
  });

  it('waits as long as the receiver asks, if that is longer', () => {
    const asked: WebhookRefusal = { why: 'status', status: 429, retryAfter: seconds(600) };
    expect(webhookDelay(1, asked, (n) => new Uint8Array(n))).toBe(600);
    expect(webhookDelay(3, asked, (n) => new Uint8Array(n))).toBe(1800);
  });

  it.each<WebhookRefusal>([
    { why: 'status', status: 410, retryAfter: undefined },
    { why: 'net', refusal: { why: 'scheme', scheme: 'ftp' } },
    { why: 'net', refusal: { why: 'blocked-host', host: 'a', port: 1 } },
  ])('is not tried again where nothing could change: %o', (refusal) => {
    expect(webhookDelay(1, refusal, (n) => new Uint8Array(n))).toBeUndefined();
  });

  it('is tried again after a broken network', () => {
    const refusal: WebhookRefusal = {
      why: 'net',
      refusal: { why: 'timeout', host: 'a', port: 1, limit: milliseconds(1), phase: 'connect', sent: false },
    };
    expect(webhookDelay(1, refusal, (n) => new Uint8Array(n))).toBe(5);
  });
});
