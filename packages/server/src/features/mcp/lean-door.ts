import type { IncomingHttpHeaders } from 'node:http';
import { isJsonObject } from '@keyturn/protocol';
import { type Answers, ListRefused } from './answers.ts';
import type { McpCallContext } from './context.ts';
import { envelopeText, type PlainRequest, readPlain } from './lean.ts';

/** The lean path: the two hot methods, answered without the SDK where a request is plain. */
export interface LeanDoor {
  /** The JSON of the answer, whole or in pieces, or undefined where the SDK has to answer. */
  readonly answer: (
    headers: IncomingHttpHeaders,
    body: unknown,
    context: McpCallContext,
  ) => Promise<string | readonly Buffer[]> | undefined;
  /** Told of each request that the SDK has accepted, so that the next of the same client need not be judged again. */
  readonly accepted: (body: unknown) => void;
}

/** Declarations of different clients that are remembered, and the longest that is. */
const maxEnvelopes = 500;
const maxEnvelope = 4000;

export function createLeanDoor(answers: Answers, serverInfo: object): LeanDoor {
  const envelopes = new Set<string>();
  const stamp = `"_meta":${JSON.stringify({ 'io.modelcontextprotocol/serverInfo': serverInfo })}`;

  const write = async (request: PlainRequest, context: McpCallContext): Promise<string | readonly Buffer[]> => {
    const id = JSON.stringify(request.id);
    const modern = request.era === 'modern';
    if (request.method === 'tools/call') {
      const result = await answers.call(context, request);
      const text = JSON.stringify(modern && result['resultType'] === undefined ? { ...result, ...complete } : result);
      const stamped = modern ? `${text.slice(0, -1)},${stamp}}` : text;
      return `{"jsonrpc":"2.0","id":${id},"result":${stamped}}`;
    }
    try {
      const { text } = await answers.list(context);
      const rest = modern ? `,"resultType":"complete","ttlMs":0,"cacheScope":"private",${stamp}` : '';
      const start = Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":{"tools":`);
      // Not put together: copies of a megabyte each would keep the garbage collector busier than all else is.
      return [start, text(), Buffer.from(`${rest}}}`)];
    } catch (error) {
      if (!(error instanceof ListRefused)) throw error;
      return `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify({ code: -32_603, message: error.message })}}`;
    }
  };

  return {
    answer(headers, body, context) {
      const request = readPlain(headers, body, (text) => envelopes.has(text));
      return request === undefined ? undefined : write(request, context);
    },
    accepted(body) {
      const params = isJsonObject(body) ? body['params'] : undefined;
      const meta = isJsonObject(params) ? params['_meta'] : undefined;
      if (!isJsonObject(meta) || meta['io.modelcontextprotocol/protocolVersion'] === undefined) return;
      const text = envelopeText(meta);
      if (text.length > maxEnvelope || envelopes.has(text)) return;
      if (envelopes.size >= maxEnvelopes) envelopes.clear();
      envelopes.add(text);
    },
  };
}

const complete = { resultType: 'complete' } as const;
