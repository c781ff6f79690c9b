import type { Clock, EpochMilliseconds, Seconds } from '@keyturn/protocol';
import { seconds, secondsOf, toMilliseconds } from '@keyturn/protocol';
import type { Wishes } from '../option-checks.ts';
import {
  clockWish,
  faultsOf,
  isBetween,
  isCountBetween,
  isFunction,
  isHttpUrl,
  throwFaults,
} from '../option-checks.ts';

import { readEventStream } from './event-stream.ts';
import { parseRevocation } from './revocation-event.ts';
import { createRevocationList } from './revocation-list.ts';
import type { RevocationSource } from './source.ts';
import { systemClock } from '../system-clock.ts';

/** Opens a stream and gives its bytes, or rejects. Ends when the signal says so. */
export type OpenStream = (
  url: string,
  request: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
) => Promise<AsyncIterable<Uint8Array>>;

export interface RevocationStreamOptions {
  /** Keyturn's `/api/v1/revocations`. */
  readonly url: string;
  /** Headers for each connection, such as a fresh `authorization`. */
  readonly headers?: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** After this much silence, heartbeats counted, the source is deaf. Default 15 seconds. */
  readonly silence?: Seconds;
  /** How long to wait before connecting again. Default 1 second. */
  readonly retryEvery?: Seconds;
  /** How many revocations are kept in mind, but for those of tokens that have all ended; with more the source goes deaf. Default 100000. */
  readonly maxEntries?: number;
  /** Hears why a connection ended or could not be made. */
  readonly onFault?: (fault: string) => void;
  readonly clock?: Clock;
  /** Default the platform's fetch without redirects: a stream has no end, which the guarded fetch would wait for. */
  readonly open?: OpenStream;
}

export interface RevocationStream extends RevocationSource, AsyncDisposable {
  close(): Promise<void>;
}

const wishes: Wishes<RevocationStreamOptions> = {
  url: { wish: 'an http(s) URL, without user name and password', holds: isHttpUrl, required: true },
  headers: { wish: 'a function that gives the headers', holds: isFunction },
  silence: { wish: 'a number of seconds from 0.1 to 3600', holds: isBetween(0.1, 3600), shown: true },
  retryEvery: { wish: 'a number of seconds from 0.001 to 3600', holds: isBetween(0.001, 3600), shown: true },
  maxEntries: { wish: 'a whole number from 1 to 10 million', holds: isCountBetween(1, 10_000_000), shown: true },
  onFault: { wish: 'a function', holds: isFunction },
  clock: clockWish,
  open: { wish: 'a function', holds: isFunction },
};

/**
 * Listens to Keyturn's stream of revocations (`text/event-stream`). On connecting, the server sends what still matters
 * (all, or from `Last-Event-ID` on), then each revocation as it happens, and comments as heartbeats in between. Until
 * something has been heard, and after too long a silence, the source is deaf and says that it cannot tell. Throws a TypeError
 * that lists everything wrong with the options.
 */
export function openRevocationStream(options: RevocationStreamOptions): RevocationStream {
  throwFaults('the stream of revocations', faultsOf(options, wishes));
  const { url, clock = systemClock, open = openByFetch, onFault = () => {}, maxEntries = 100_000 } = options;
  const silence = toMilliseconds(options.silence ?? seconds(15));
  const retryEvery = toMilliseconds(options.retryEvery ?? seconds(1));
  const list = createRevocationList(maxEntries);
  const closing = new AbortController();
  let heardAt: EpochMilliseconds | undefined;
  let lastEventId: string | undefined;
  let epoch = 1;
  // Something was revoked and nobody knows what: no token can be called good any more.
  let missed: string | undefined;

  const faultAt = (now: EpochMilliseconds): string | undefined => {
    if (missed !== undefined) return missed;
    if (heardAt === undefined) return `nothing heard from ${url} yet`;
    // Either way: where the clock was set back, how long ago that was cannot be told until something is heard again.
    const quiet = Math.abs(now - heardAt);
    return quiet > silence ? `nothing heard from ${url} for ${Math.round(quiet / 1000)} s` : undefined;
  };

  const hear = (name: string, data: string): void => {
    if (name !== 'revocation') return;
    const revocation = parseRevocation(data);
    if (revocation === undefined) missed = 'a revocation was announced that this version cannot read';
    else if (!list.add(revocation, secondsOf(clock()))) missed = `more than ${maxEntries} revocations`;
    epoch++;
  };

  const listen = async (): Promise<void> => {
    const ended = new AbortController();
    const signal = AbortSignal.any([closing.signal, ended.signal]);
    // A connection that broke without a word is noticed by its silence.
    const watch = (): NodeJS.Timeout => setTimeout(() => ended.abort(), silence).unref();
    let watching = watch();
    try {
      const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
      const headers = { accept: 'text/event-stream', ...(await options.headers?.()), ...resume };
      for await (const item of readEventStream(await open(url, { headers, signal }))) {
        clearTimeout(watching);
        watching = watch();
        if (item.kind === 'event') {
          hear(item.name, item.data);
          lastEventId = item.id ?? lastEventId;
        }
        // After the event has been taken in: whoever sees that we hear again sees what we heard.
        heardAt = clock();
      }
      onFault('the stream ended');
    } catch (error) {
      onFault(error instanceof Error ? error.message : 'unknown error');
    } finally {
      clearTimeout(watching);
      ended.abort();
    }
  };

  const running = (async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await listen();
      await pause(retryEvery, closing.signal);
    }
  })();

  const close = async (): Promise<void> => {
    closing.abort();
    await running;
  };

  return {
    // Deaf is an epoch of its own, so that what was good before is asked about again.
    epochAt: (now) => (faultAt(now) === undefined ? epoch : -1),
    check(principal, _token, now) {
      const by = list.hit(principal);
      if (by !== undefined) return { standing: 'revoked', by };
      const fault = faultAt(now);
      return fault === undefined ? { standing: 'good' } : { standing: 'unknown', fault };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function openByFetch(...[url, request]: Parameters<OpenStream>): Promise<AsyncIterable<Uint8Array>> {
  const answer = await fetch(url, { ...request, redirect: 'error' });
  const type = answer.headers.get('content-type') ?? '';
  if (answer.status !== 200 || !type.startsWith('text/event-stream') || answer.body === null) {
    throw new Error(`${url} answered ${answer.status} ${type}`);
  }
  return answer.body;
}

function pause(duration: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, duration).unref();
    signal.addEventListener('abort', done);
  });
}
