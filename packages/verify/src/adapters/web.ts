import type { Principal, Result } from '@keyturn/protocol';
import { ok, refuse } from '@keyturn/protocol';
import type { Verifier } from '../verdict.ts';
import type { ProtectOptions } from './request.ts';
import { authenticate, buildRefusedAnswer } from './request.ts';

export type { ProtectOptions, RequestRefusal } from './request.ts';

/**
 * For servers that speak the web's own `Request` and `Response`, such as Hono: gives the caller, or the answer to send
 * instead.
 *
 *     const caller = await authenticateRequest(context.req.raw);
 *     if (!caller.ok) return caller.refusal;
 */
export function createRequestAuthenticator(
  verifier: Verifier,
  options: ProtectOptions = {},
): (request: Request) => Promise<Result<Principal, Response>> {
  return async (request) => {
    const { headers, method } = request;
    const outcome = await authenticate(
      verifier,
      {
        authorization: headers.get('authorization') ?? undefined,
        dpop: headers.get('dpop') ?? undefined,
        method,
        url: () => publicUrl(request.url, options.publicOrigin),
      },
      options,
    );
    if (outcome.ok) return ok(outcome.value);
    options.onRefusal?.(outcome.refusal);
    const { status, headers: fields, body } = buildRefusedAnswer(outcome.refusal, options);
    const answer = new Response(body, { status });
    for (const [name, value] of Object.entries(fields)) {
      answer.headers.delete(name);
      for (const one of typeof value === 'string' ? [value] : value) answer.headers.append(name, one);
    }
    return refuse(answer);
  };
}

function publicUrl(url: string, publicOrigin: string | undefined): string {
  if (publicOrigin === undefined) return url;
  const { pathname, search } = new URL(url);
  return `${publicOrigin}${pathname}${search}`;
}
