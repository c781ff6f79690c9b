import { createHmac, timingSafeEqual } from 'node:crypto';
import { type EpochSeconds, ok, type Result, refuse, type Seconds, seconds } from '@keyturn/protocol';

/** What is signed. Standard Webhooks 1.0, https://www.standardwebhooks.com. */
export interface WebhookMessage {
  /** The same for every attempt, so that a receiver can tell a repetition. No dot. */
  readonly id: string;
  /** Of this attempt. */
  readonly timestamp: EpochSeconds;
  /** As sent, byte for byte. */
  readonly body: string;
}

/** Why a received webhook is not believed. */
export type WebhookFault = 'missing-header' | 'too-old' | 'too-new' | 'bad-signature' | 'bad-secret';

/**
 * The three headers of a message. While a secret is being replaced both are given, and a receiver may check either.
 * Throws on a malformed secret: settings are checked with `parseWebhookSecret` before.
 */
export function signWebhook(message: WebhookMessage, secrets: readonly string[]): Record<string, string> {
  const signatures = secrets.map((secret) => {
    const key = parseWebhookSecret(secret);
    if (!key.ok) throw new TypeError(key.refusal);
    return `v1,${mac(message, key.value).toString('base64')}`;
  });
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestamp),
    'webhook-signature': signatures.join(' '),
  };
}

/** For a receiver: whether a request was sent by someone with the secret, and lately. `now` and `tolerance` (5 min) stop replays. */
export function verifyWebhook(
  headers: { get(name: string): string | null },
  body: string,
  secret: string,
  now: EpochSeconds,
  tolerance: Seconds = seconds(300),
): Result<{ readonly id: string }, WebhookFault> {
  const key = parseWebhookSecret(secret);
  if (!key.ok) return refuse('bad-secret');
  const id = headers.get('webhook-id');
  const time = headers.get('webhook-timestamp');
  const given = headers.get('webhook-signature');
  if (id === null || given === null || time === null || !/^\d{1,12}$/.test(time)) return refuse('missing-header');
  const timestamp = Number(time);
  const expected = createHmac('sha256', key.value).update(`${id}.${time}.${body}`).digest();
  const matches = given.split(' ').some((signature) => {
    const [version, text = ''] = signature.split(',');
    const bytes = Buffer.from(text, 'base64');
    return version === 'v1' && bytes.length === expected.length && timingSafeEqual(bytes, expected);
  });
  if (!matches) return refuse('bad-signature');
  if (timestamp < now - tolerance) return refuse('too-old');
  return timestamp > now + tolerance ? refuse('too-new') : ok({ id });
}

/** `whsec_` and 24 to 64 bytes in base64. The refusal does not repeat the text. */
export function parseWebhookSecret(secret: string): Result<Uint8Array, string> {
  const text = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  const key = Buffer.from(text ?? '', 'base64');
  return key.length >= 24 && key.length <= 64
    ? ok(key)
    : refuse('a webhook secret is whsec_ followed by 24 to 64 bytes in base64');
}

function mac({ id, timestamp, body }: WebhookMessage, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
}
