import { type JsonFault, parseJson } from '@keyturn/policy';
import { isJsonObject, ok, type Result } from '@keyturn/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { explainJsonFault } from '../../http/body-parsers.ts';
import type { Caller } from '../../http/caller.ts';
import type { Frame } from '../../http/frame.ts';
import type { Problem } from '../../http/problem.ts';
import { createAnswers } from './answers.ts';
import type { McpCallContext } from './context.ts';
import { createLeanDoor } from './lean-door.ts';
import type { McpToolbox } from './port.ts';
import { observe, type Observing } from './observe.ts';
import type { Tasks } from './tasks.ts';
import { type Answer, readWebResponse, sendAnswer, toWebRequest } from './web.ts';
import { serverInfo } from './server-info.ts';
import { insufficientScope, type ScopeChallenge } from '../../http/insufficient-scope.ts';

export interface McpOptions extends Observing {
  /** Where the endpoint is mounted, for example /mcp. */
  readonly path: string;
  /** The canonical URL that tokens must have in `aud`. */
  readonly resource: string;
  /** The URL below which people can open the page of a request; undefined where nobody can log in. */
  readonly pagesAt: string | undefined;
  readonly version: string;
  /** Whether a Host header names this server: a page that rebinds its own name to a loopback address does not. */
  readonly isAllowedHost: (host: string) => boolean;
  /** The least scopes of a caller, and where a client reads how to get them. */
  readonly challenge: ScopeChallenge;
  /** Whether plain `tools/call` and `tools/list` are answered without the SDK. */
  readonly lean: boolean;
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
export function mountMcp(frame: Frame, toolbox: McpToolbox, tasks: Tasks, options: McpOptions): McpDoor {
  const answers = createAnswers(toolbox, tasks, options.pagesAt);
  const lean = options.lean ? createLeanDoor(answers, serverInfo(options.version)) : undefined;
  // Loading the SDK costs about 100 ms, so it happens at the first request and not at start.
  let handler: Promise<Awaited<ReturnType<typeof load>>> | undefined;
  const load = async () => {
    const { createHandler } = await import('./handler.ts');
    return createHandler(answers, tasks, { version: options.version, warn: options.warn });
  };

  void frame.app.register((app, _options, done) => {
    // The body stays text: what is not JSON is answered by the SDK in JSON-RPC's own terms.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, parsed) => parsed(null, body));
    app.route({
      method: ['GET', 'POST', 'DELETE'],
      url: options.path,
      handler: async (request, reply) => {
        if (!options.isAllowedHost(request.host)) return frame.answerProblem(request, reply, forbiddenHost);
        const caller = await frame.authenticate(request, 'mcp');
        if (!caller.ok) return frame.answerProblem(request, reply, caller.refusal);
        const { principal } = caller.value;
        const lacking = insufficientScope(principal.scopes, [], options.challenge);
        if (lacking !== undefined) return frame.answerProblem(request, reply, lacking);
        const read = request.method === 'POST' ? parseBody(request.body) : ok(undefined);
        if (!read.ok) return sendAnswer(reply, ambiguousBody(read.refusal));
        const body = read.value;
        const answer = await observe(body, options, (note) => answerWith(request, reply, body, caller.value, note));
        if ('code' in answer) return frame.answerProblem(request, reply, answer);
        return sendAnswer(reply, answer);
      },
    });

    /** By the lean path where the request is plain, else by the SDK; a refusal of the request itself comes before both. */
    const answerWith = async (
      request: FastifyRequest,
      reply: FastifyReply,
      body: unknown,
      caller: Caller,
      note: McpCallContext['note'],
    ): Promise<Problem | Answer> => {
      let refused: Problem | undefined;
      const context: McpCallContext = {
        caller,
        requestId: request.id,
        underDeadline: (work) => frame.underDeadline(reply, work),
        refuseRequest: (problem) => (refused ??= problem),
        note,
      };
      const text = body === undefined ? undefined : await lean?.answer(request.headers, body, context);
      if (refused !== undefined) return refused;
      if (text !== undefined) return { status: 200, headers: jsonHeaders, body: text };
      handler ??= load();
      const { client, scopes, expiresAt } = caller.principal;
      const response = await (await handler).fetch(toWebRequest(request, options.resource), {
        // The SDK is not given the token: it has no use for it.
        authInfo: { token: '', clientId: client ?? '', scopes: [...scopes], expiresAt, extra: { keyturn: context } },
        ...(body === undefined ? {} : { parsedBody: body }),
      });
      // Read before it is looked at: the SDK answers older clients by a stream, in which the call is still being made.
      const answer = await readWebResponse(response, isJsonObject(body) && body['method'] === 'subscriptions/listen');
      if (refused !== undefined) return refused;
      if (response.status === 200) lean?.accepted(body);
      return answer;
    };
    done();
  });
  frame.app.addHook('onClose', async () => (await handler)?.close());
  return { toolsChanged: () => void handler?.then(({ notify }) => notify.toolsChanged()) };
}

const jsonHeaders = [['content-type', 'application/json']] as const;

const forbiddenHost: Problem = {
  status: 403,
  code: 'host_not_allowed',
  title: 'This host name is not Keyturn’s',
  detail: 'The Host header does not name this server (http.publicUrl).',
};

/**
 * JSON is parsed here once, as by the other doors: what two readers would read differently is refused. What is no JSON
 * goes to the SDK as it came, which says what is wrong with it.
 */
function parseBody(body: unknown): Result<unknown, JsonFault> {
  if (typeof body !== 'string') return ok(undefined);
  const parsed = parseJson(body);
  if (!parsed.ok) return parsed.refusal.why === 'syntax' ? ok(undefined) : parsed;
  return ok(isJsonObject(parsed.value) || Array.isArray(parsed.value) ? parsed.value : undefined);
}

/** JSON-RPC 2.0 §5.1: an invalid request, whose id is not taken for certain either. */
function ambiguousBody(fault: JsonFault): Answer {
  const error = { code: -32_600, message: explainJsonFault(fault) };
  return { status: 400, headers: jsonHeaders, body: JSON.stringify({ jsonrpc: '2.0', id: null, error }) };
}
