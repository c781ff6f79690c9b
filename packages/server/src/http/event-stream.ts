import type { EpochMilliseconds } from '@keyturn/protocol';
import type { FastifyReply } from 'fastify';

export interface StreamEvent {
  readonly id?: string;
  readonly event: string;
  /** JSON text without line breaks. */
  readonly data: string;
}

/** One stream of server-sent events. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface EventStream {
  /** Sends events in one piece. A reader who does not keep up is let go. */
  readonly send: (events: readonly StreamEvent[]) => void;
  /** Resolves once what was sent is on its way, or the stream is closed: whoever sends much waits for it in between. */
  readonly drained: () => Promise<void>;
  /** A comment, which keeps proxies from closing the connection. */
  readonly beat: () => void;
  /** Ends it after what has been sent. */
  readonly end: () => void;
  readonly onClose: (action: () => void) => void;
  /** When the credential that opened it ends, and the stream with it. */
  readonly until: EpochMilliseconds;
}

/** Bytes that wait for a reader; who is farther behind reads nothing, and comes back where it stopped. */
const maxBacklog = 256 * 1024;

/** Begins the answer. The headers leave now, so that a reader knows that it is connected before anything happens. */
export function openEventStream(reply: FastifyReply, until: EpochMilliseconds): EventStream {
  // Straight to the connection: a stream of its own for each reader would be half of what a reader costs.
  const { raw } = reply.hijack();
  const push = (text: string): void => {
    if (text === '' || raw.destroyed || raw.writableEnded) return;
    if (raw.writableLength > maxBacklog) raw.destroy();
    else raw.write(text);
  };
  const own = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...own })) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  raw.writeHead(200);
  push('retry: 2000\n\n');
  return {
    send: (events) => push(events.map(textOf).join('')),
    drained: () =>
      new Promise((resolve) => {
        if (raw.destroyed || raw.writableEnded || !raw.writableNeedDrain) return resolve();
        const go = (): void => {
          raw.off('drain', go).off('close', go);
          resolve();
        };
        raw.on('drain', go).on('close', go);
      }),
    // While something is on its way nothing has to be kept open, and a long event may take longer than a beat.
    beat: () => void (raw.writableLength === 0 && push(': beat\n\n')),
    end: () => void raw.end(),
    // Whoever has left before it began closes nothing any more.
    onClose: (action) => void (raw.destroyed ? setImmediate(action) : raw.once('close', action)),
    until,
  };
}

function textOf({ id, event, data }: StreamEvent): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`;
}
