import type { EpochMilliseconds } from '@keyturn/protocol';
import type { FastifyReply } from 'fastify';

/** One stream of server-sent events. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface EventStream {
  /** Sends one event; `data` is JSON text without line breaks. A reader who does not keep up is let go. */
  readonly send: (event: { readonly id?: string; readonly event: string; readonly data: string }) => void;
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
    if (raw.destroyed || raw.writableEnded) return;
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
    send: ({ id, event, data }) => push(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`),
    beat: () => push(': beat\n\n'),
    end: () => void raw.end(),
    // Whoever has left before it began closes nothing any more.
    onClose: (action) => void (raw.destroyed ? setImmediate(action) : raw.once('close', action)),
    until,
  };
}
