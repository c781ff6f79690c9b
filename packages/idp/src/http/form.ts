import type { FastifyRequest } from 'fastify';

/** The fields of a form body; empty if the body was no form. A field may come several times: check `duplicateOf` first. */
export function formOf(request: FastifyRequest): URLSearchParams {
  return request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
}

/** The query of a request, undecoded duplicates and all. */
export function queryOf(request: FastifyRequest): URLSearchParams {
  const at = request.url.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : request.url.slice(at + 1));
}

/** The first parameter that comes more than once, which RFC 6749 §3.2 forbids. `repeatable` names those that may. */
export function duplicateOf(parameters: URLSearchParams, repeatable: readonly string[] = []): string | undefined {
  const seen = new Set<string>();
  for (const name of parameters.keys()) {
    if (seen.has(name) && !repeatable.includes(name)) return name;
    seen.add(name);
  }
  return undefined;
}
