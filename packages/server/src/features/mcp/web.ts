import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** An answer, ready to be sent: whole, in pieces that are sent one after the other, or a stream that goes on. */
export interface Answer {
  readonly status: number;
  readonly headers: Iterable<readonly [string, string]>;
  readonly body: string | readonly Buffer[] | ReadableStream | undefined;
}

/** A request in the web's form, which the SDK reads: without its credentials, which nothing behind this line needs. */
export function toWebRequest(request: FastifyRequest, resource: string): Request {
  const headers = new Headers();
  const raw = request.raw.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (name.toLowerCase() !== 'authorization') headers.append(name, raw[i + 1] ?? '');
  }
  const { body } = request;
  const hasBody = request.method === 'POST' && typeof body === 'string';
  return new Request(resource, { method: request.method, headers, ...(hasBody ? { body } : {}) });
}

/** The SDK's answer; `streams` where it is one that goes on for as long as the client listens. */
export async function readWebResponse(response: Response, streams: boolean): Promise<Answer> {
  const { status, headers, body } = response;
  if (body === null) return { status, headers, body: undefined };
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true;
  return { status, headers, body: streams && isStream ? body : await response.text() };
}

export function sendAnswer(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  void reply.code(status);
  for (const [name, value] of headers) if (name !== 'connection') void reply.header(name, value);
  if (body === undefined || typeof body === 'string') return reply.send(body);
  if (!isInPieces(body)) return reply.send(Readable.fromWeb(body));
  const length = body.reduce((sum, piece) => sum + piece.length, 0);
  return reply.header('content-length', length).send(Readable.from(body, { objectMode: false }));
}

function isInPieces(body: readonly Buffer[] | ReadableStream): body is readonly Buffer[] {
  return Array.isArray(body);
}
