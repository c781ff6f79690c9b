import type { ServerResponse } from 'node:http';
import type { Clock } from '@keyturn/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../outside/log.ts';
import type { Metrics } from '../outside/metrics.ts';
import { parseTraceContext, type Traces } from '../outside/traces.ts';
import type { Caller } from './caller.ts';
import type { Problem } from './problem.ts';

/** What the frame knows of requests that have no whole answer yet; each ends in one log line, one metric and one span. */
export interface RequestsUnderWay {
  readonly begin: (request: FastifyRequest, reply: FastifyReply) => void;
  /** Who calls, once that is known. */
  readonly noteCaller: (request: FastifyRequest, caller: Caller) => void;
  readonly callerOf: (request: FastifyRequest) => Caller | undefined;
  /** The problem that it is answered with. */
  readonly noteProblem: (request: FastifyRequest, problem: Problem) => void;
  /** Closes answers that have begun and not ended, of callers who may no longer have them. */
  readonly endStreams: (concerned: (caller: Caller) => boolean) => void;
}

interface UnderWay {
  readonly startedAt: number;
  caller: Caller | undefined;
  /** Of the problem that it was answered with. */
  code: string | undefined;
  readonly response: ServerResponse;
}

export function watchRequests(parts: {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly traces: Traces;
  readonly clock: Clock;
}): RequestsUnderWay {
  const { log, metrics, traces, clock } = parts;
  const underWay = new Map<FastifyRequest, UnderWay>();

  /** Counts and logs a request that has got its answer, or whose client has gone. */
  const over = (request: FastifyRequest, reply: FastifyReply, { startedAt, code, caller: known }: UnderWay): void => {
    const route = request.routeOptions.url ?? 'none';
    underWay.delete(request);
    const duration = (clock() - startedAt) / 1000;
    metrics.request({ method: request.method, route, status: String(reply.statusCode) }, duration);
    traces.served(
      request,
      {
        'http.request.method': request.method,
        'http.route': route,
        'http.response.status_code': reply.statusCode,
        ...(code === undefined ? {} : { 'error.type': code }),
      },
      reply.statusCode >= 500,
    );
    const caller = known?.principal;
    log.info(
      {
        request_id: request.id,
        method: request.method,
        route,
        status: reply.statusCode,
        ms: Math.round(duration * 1000),
        ...(reply.raw.writableFinished ? {} : { aborted: true }),
        ...(code === undefined ? {} : { code }),
        ...(caller === undefined ? {} : { caller: caller.identity, client: caller.client }),
      },
      'request',
    );
  };

  return {
    begin(request, reply) {
      const known: UnderWay = { startedAt: clock(), caller: undefined, code: undefined, response: reply.raw };
      underWay.set(request, known);
      // Not the hook onResponse, which is never called where the client goes away in the middle.
      reply.raw.once('close', () => over(request, reply, known));
      const { traceparent, tracestate } = request.headers;
      traces.begin(
        request,
        parseTraceContext(traceparent, tracestate),
        `${request.method} ${request.routeOptions.url ?? 'none'}`,
      );
    },
    noteCaller(request, caller) {
      const known = underWay.get(request);
      if (known !== undefined) known.caller = caller;
    },
    callerOf: (request) => underWay.get(request)?.caller,
    noteProblem(request, { code }) {
      const known = underWay.get(request);
      if (known !== undefined) known.code = code;
    },
    endStreams(concerned) {
      for (const { response, caller } of underWay.values()) {
        // An answer that has begun is a stream, or is as good as over: ending it takes nothing from anybody else.
        if (response.headersSent && caller !== undefined && concerned(caller)) response.destroy();
      }
    },
  };
}
