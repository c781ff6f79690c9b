import type { GuardedFetch } from '@keyturn/net';
import type { Traces } from './traces.ts';

/** A fetch whose requests belong to the trace of the request that they are made for, each in a span of its own. */
export function traceFetch(fetch: GuardedFetch, traces: Traces): GuardedFetch {
  const send = (...[url, request]: Parameters<GuardedFetch>): ReturnType<GuardedFetch> => {
    const context = traces.outgoing();
    if (!('traceparent' in context)) return fetch(url, request);
    return fetch(url, { ...request, headers: { ...request?.headers, ...context } });
  };
  const traced = (...[url, request]: Parameters<GuardedFetch>): ReturnType<GuardedFetch> => {
    if (!traces.recording) return send(url, request);
    const { hostname, port, protocol } = new URL(url);
    const method = request?.method ?? 'GET';
    // The path is not recorded: it may hold what only the caller and the upstream should know.
    const attributes = {
      'http.request.method': method,
      'server.address': hostname,
      'server.port': Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port),
    };
    return traces.step({ name: method, kind: 'client', attributes }, async (span) => {
      const answer = await send(url, request);
      const failure = answer.ok ? undefined : answer.refusal.why;
      if (answer.ok) span.set({ 'http.response.status_code': answer.value.status });
      if (failure !== undefined) span.set({ 'error.type': failure });
      if (failure !== undefined || (answer.ok && answer.value.status >= 400)) span.fail(failure ?? '');
      return answer;
    });
  };
  return Object.assign(traced, { close: () => fetch.close(), [Symbol.asyncDispose]: () => fetch.close() });
}
