import type { IncomingMessage } from 'node:http';
import type { Principal } from '@keyturn/protocol';
import type { Verifier } from '../verdict.ts';
import type { Presented, ProtectOptions, RefusedAnswer } from './request.ts';
import { authenticate, buildRefusedAnswer, publicUrl, report } from './request.ts';

// A name that nobody else has, so that no header, body parser or other middleware can set the caller.
const caller = Symbol('caller');

/** A request of Node's own server; routers that mount others shorten `url` and keep the whole in `originalUrl`. */
interface NodeRequest extends IncomingMessage {
  readonly originalUrl?: string | undefined;
  [caller]?: Principal;
}

/** Who is calling. Throws if nothing has checked the request: its route is not protected. */
export function principalOf(request: IncomingMessage | { readonly raw: IncomingMessage }): Principal {
  const node: NodeRequest = 'raw' in request ? request.raw : request;
  const principal = node[caller];
  if (principal === undefined) throw new Error('this route is not protected: nothing has checked its token');
  return principal;
}

/** Checks a request of Node's own server: either lets it go on, or has it answered. At once where that is possible. */
export function checkRequest(
  verifier: Verifier,
  request: NodeRequest,
  options: ProtectOptions,
  goOn: () => void,
  answer: (refused: RefusedAnswer) => void,
): void {
  const decide = (outcome: Awaited<ReturnType<typeof authenticate>>): void => {
    if (outcome.ok) {
      request[caller] = outcome.value;
      goOn();
      return;
    }
    report(outcome.refusal, options);
    answer(buildRefusedAnswer(outcome.refusal, options));
  };
  const outcome = authenticate(verifier, presentedBy(request, options), options);
  if (outcome instanceof Promise) void outcome.then(decide);
  else decide(outcome);
}

function presentedBy(request: NodeRequest, { publicOrigin }: ProtectOptions): Presented {
  const { headers, method = 'GET' } = request;
  return {
    authorization: isRepeated(request, 'authorization') ? rawValues(request, 'authorization') : headers.authorization,
    dpop: headers.dpop,
    method,
    url: () => publicUrl(publicOrigin ?? originOf(request), request.originalUrl ?? request.url ?? ''),
  };
}

/** Where a request was sent, by its own word. HTTP/2 says so in a field of another name, and its socket is a stand-in. */
function originOf({ socket, headers }: NodeRequest): string {
  const secure = 'encrypted' in socket && socket.encrypted === true;
  const authority = headers[':authority'] ?? headers.host;
  return `${secure ? 'https' : 'http'}://${typeof authority === 'string' ? authority : ''}`;
}

/** Node keeps the first of several Authorization headers and drops the others without a word. */
function isRepeated({ rawHeaders }: IncomingMessage, name: string): boolean {
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i];
    if (raw?.length === name.length && raw.toLowerCase() === name) seen++;
  }
  return seen > 1;
}

function rawValues({ rawHeaders }: IncomingMessage, name: string): readonly string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
}
