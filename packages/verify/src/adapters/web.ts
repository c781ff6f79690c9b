import type { Principal, Result } from '@keyturn/protocol';
import { ok, refuse } from '@keyturn/protocol';
import type { Verifier } from '../verdict.ts';
import type { ProtectOptions } from './request.ts';
import { authenticate, buildRefusedAnswer, checkAdapterOptions, publicUrl, report } from './request.ts';

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
  checkAdapterOptions(verifier, options);
  return async (request) => {
    const { headers, method } = request;
    const outcome = await authenticate(
      verifier,
      {
        authorization: headers.get('authorization') ?? undefined,
        dpop: headers.get('dpop') ?? undefined,
        method,
        url: () => urlOf(request, options),
      },
      options,
    );
    if (outcome.ok) return ok(outcome.value);
    report(outcome.refusal, options);
    const { status, headers: fields, body } = buildRefusedAnswer(outcome.refusal, options);
    const answer = new Response(body, { status });
    for (const [name, value] of Object.entries(fields)) {
      answer.headers.delete(name);
      for (const one of typeof value === 'string' ? [value] : value) answer.headers.append(name, one);
    }
    return refuse(answer);
  };
}

function urlOf({ url }: Request, { publicOrigin }: ProtectOptions): string {
  if (publicOrigin === undefined) return url;
  const { pathname, search } = new URL(url);
  return publicUrl(publicOrigin, `${pathname}${search}`);
}
