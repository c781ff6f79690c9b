import {
  type EpochSeconds,
  hours,
  minutes,
  ok,
  type Random,
  type Result,
  refuse,
  type Seconds,
  seconds,
  unreachable,
} from '@keyturn/protocol';
import type { GuardedFetch } from '../guarded-fetch.ts';
import { explainNetRefusal, type NetRefusal } from '../net-refusal.ts';
import { signWebhook } from './signature.ts';

export interface Webhook {
  readonly url: string;
  /** `whsec_…`; two while one is being replaced. */
  readonly secrets: readonly string[];
  /** `evt_…`, the same for every attempt. */
  readonly id: string;
  /** JSON, the same for every attempt. */
  readonly body: string;
}

/** Why a webhook was not taken this time. */
export type WebhookRefusal =
  | { readonly why: 'net'; readonly refusal: NetRefusal }
  /** Anything but 2xx. 410 means that it never wants to hear again. */
  | { readonly why: 'status'; readonly status: number; readonly retryAfter: Seconds | undefined };

/** Makes one attempt. Whoever keeps the queue makes the next, by `webhookDelay`. */
export async function sendWebhook(
  fetch: GuardedFetch,
  hook: Webhook,
  now: EpochSeconds,
): Promise<Result<undefined, WebhookRefusal>> {
  const { id, body, secrets, url } = hook;
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signWebhook({ id, timestamp: now, body }, secrets) },
    body,
  });
  if (!answer.ok) return refuse({ why: 'net', refusal: answer.refusal });
  const { status, headers } = answer.value;
  if (status >= 200 && status < 300) return ok(undefined);
  const wait = headers.get('retry-after') ?? '';
  return refuse({ why: 'status', status, retryAfter: /^\d{1,5}$/.test(wait) ? seconds(Number(wait)) : undefined });
}

/** Waits after each failed attempt, as Standard Webhooks recommends them: about three days in all. */
const delays: readonly Seconds[] = [
  seconds(5),
  minutes(5),
  minutes(30),
  hours(2),
  hours(5),
  hours(10),
  hours(14),
  hours(20),
  hours(24),
];

/**
 * How long to wait before the next attempt when `attempts` have failed, or undefined to give up. Up to a tenth longer
 * by chance, so that many hooks that failed together do not come back together; never sooner than the receiver asked.
 */
export function webhookDelay(attempts: number, refusal: WebhookRefusal, random: Random): Seconds | undefined {
  if (!mayRetry(refusal)) return undefined;
  const delay = delays[attempts - 1];
  if (delay === undefined) return undefined;
  const jitter = (delay * ((random(1)[0] ?? 0) / 255)) / 10;
  const asked = refusal.why === 'status' ? (refusal.retryAfter ?? 0) : 0;
  return seconds(Math.max(Math.ceil(delay + jitter), asked));
}

/** Whether another time could end differently. */
function mayRetry(refusal: WebhookRefusal): boolean {
  if (refusal.why === 'status') return refusal.status !== 410;
  switch (refusal.refusal.why) {
    case 'bad-url':
    case 'scheme':
    case 'bad-request':
    case 'blocked-host':
      return false;
    case 'blocked-address':
    case 'dns':
    case 'connect':
    case 'tls':
    case 'timeout':
    case 'too-large':
    case 'redirect':
    case 'bad-answer':
    case 'aborted':
      return true;
    default:
      return unreachable(refusal.refusal);
  }
}

/** One sentence for a log or an operator. */
export function explainWebhookRefusal(refusal: WebhookRefusal): string {
  return refusal.why === 'net' ? explainNetRefusal(refusal.refusal) : `the receiver answered ${refusal.status}`;
}
