import { Readable } from 'node:stream';
import { isJsonObject } from '@keyturn/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Frame } from '../../http/frame.ts';
import { buildProblemBody, problemContentType } from '../../http/problem.ts';
import type { McpCallContext } from './handler.ts';
import type { McpToolbox } from './port.ts';

export interface McpOptions {
  /** Where the endpoint is mounted, for example /mcp. */
  readonly path: string;
  /** The canonical URL that tokens must have in `aud`. */
  readonly resource: string;
  readonly version: string;
  /** Whether a Host header names this server: a page that rebinds its own name to a loopback address does not. */
  readonly isAllowedHost: (host: string) => boolean;
  readonly warn: (message: string) => void;
}

export interface McpDoor {
  /** Tells every client that listens (`subscriptions/listen`) that the list of tools is another. */
  readonly toolsChanged: () => void;
}

/**
 * The MCP door: one POST endpoint. The frame authenticates (401 with a challenge that names the metadata, RFC 9728),
 * then the official SDK serves both protocol eras. GET and DELETE are 405: there are no sessions.
 */
export function mountMcp(frame: Frame, toolbox: McpToolbox, options: McpOptions): McpDoor {
  // Loading the SDK costs about 100 ms, so it happens at the first request and not at start.
  let handler: Promise<Awaited<ReturnType<typeof load>>> | undefined;
  const load = async () => {
    const { createHandler } = await import('./handler.ts');
    return createHandler(toolbox, { version: options.version, warn: options.warn });
  };

  void frame.app.register((app, _options, done) => {
    // The body stays text: what is not JSON is answered by the SDK in JSON-RPC's own terms.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, parsed) => parsed(null, body));
    app.route({
      method: ['GET', 'POST', 'DELETE'],
      url: options.path,
      handler: async (request, reply) => {
        if (!options.isAllowedHost(request.host)) {
          return reply.code(403).send(forbiddenHost);
        }
        const caller = await frame.authenticate(request, 'mcp');
        if (!caller.ok) {
          return reply
            .code(caller.refusal.status)
            .headers(caller.refusal.headers ?? {})
            .header('content-type', problemContentType)
            .send(JSON.stringify(buildProblemBody(caller.refusal, request.id)));
        }
        const { principal } = caller.value;
        const context: McpCallContext = {
          caller: caller.value,
          requestId: request.id,
          underDeadline: (work) => frame.underDeadline(reply, work),
        };
        handler ??= load();
        const response = await (await handler).fetch(toWebRequest(request, options.resource), {
          // The SDK is not given the token: it has no use for it.
          authInfo: {
            token: '',
            clientId: principal.client ?? '',
            scopes: [...principal.scopes],
            expiresAt: principal.expiresAt,
            extra: { keyturn: context },
          },
          ...parsedBody(request.body),
        });
        return sendWebResponse(reply, response);
      },
    });
    done();
  });
  frame.app.addHook('onClose', async () => (await handler)?.close());
  return { toolsChanged: () => void handler?.then(({ notify }) => notify.toolsChanged()) };
}

const forbiddenHost = {
  jsonrpc: '2.0',
  id: null,
  error: { code: -32_600, message: 'The Host header does not name this server (http.publicUrl).' },
};

/** JSON is parsed here once; anything else goes to the SDK as it came, which says what is wrong with it. */
function parsedBody(body: unknown): { parsedBody?: unknown } {
  if (typeof body !== 'string') return {};
  try {
    const parsed: unknown = JSON.parse(body);
    return isJsonObject(parsed) || Array.isArray(parsed) ? { parsedBody: parsed } : {};
  } catch {
    return {};
  }
}

function toWebRequest(request: FastifyRequest, resource: string): Request {
  const headers = new Headers();
  const raw = request.raw.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    // The credentials have been read; nothing behind this line needs them.
    if (name.toLowerCase() !== 'authorization') headers.append(name, raw[i + 1] ?? '');
  }
  const hasBody = request.method === 'POST' && typeof request.body === 'string';
  return new Request(resource, {
    method: request.method,
    headers,
    ...(hasBody ? { body: request.body as string } : {}),
  });
}

async function sendWebResponse(reply: FastifyReply, response: Response): Promise<FastifyReply> {
  void reply.code(response.status);
  for (const [name, value] of response.headers) if (name !== 'connection') void reply.header(name, value);
  if (response.body === null) return reply.send();
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
    return reply.send(Readable.fromWeb(response.body));
  }
  return reply.send(await response.text());
}
