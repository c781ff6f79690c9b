import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Result } from '@keyturn/protocol';
import { buildProblemBody, type Problem, problemContentType } from '../../http/problem.ts';
import type { Soon } from '../../http/soon.ts';
import type { Admission, DecideEdge, EdgeRequest } from './decision.ts';
import { type LeanAnswer, type LeanRequest, openLeanConnections } from './lean-connections.ts';
import type { IsProxy } from './proxies.ts';

export interface HttpDoorParts {
  readonly decide: DecideEdge;
  readonly isProxy: IsProxy;
  /** Counts. */
  readonly allowed: (door: string) => void;
  /** Counts and logs, and gives the id that log and caller know the refusal by. */
  readonly refused: (door: string, problem: Problem) => string;
}

export interface HttpDoors {
  /** Lets go of the proxies' connections, each after the check that is under way. */
  readonly close: () => void;
}

type Door = (request: LeanRequest, rest: string) => EdgeRequest | undefined;

/**
 * How each proxy says what it asks about. Undefined: not the way this proxy asks. A map, because the name is cut from
 * each request anew: an object would look for it among all names of the process first.
 */
const doors: ReadonlyMap<string, Door> = new Map<string, Door>([
  // Envoy's ext_authz over HTTP sends the request itself, its path behind the prefix.
  ['envoy', (request, rest) => described(request, request.method, rest, lastForwarded(request))],
  // auth_request sends a GET; the location in deploy/nginx names the original.
  ['nginx', (request) => bySent(request, 'x-original-method', 'x-original-uri', single(request, 'x-real-ip'))],
  ['traefik', (request) => bySent(request, 'x-forwarded-method', 'x-forwarded-uri', lastForwarded(request))],
  ['caddy', (request) => bySent(request, 'x-forwarded-method', 'x-forwarded-uri', lastForwarded(request))],
]);

/**
 * The doors for proxies that ask over HTTP, /edge/{envoy,nginx,traefik,caddy}: 200 with headers for the upstream, or the
 * refusal, which the proxy passes on. They stand in front of the frame, because they are asked once for every request
 * that goes through the proxy, and the frame's log line and hooks would cost more than the check. Checks in the plain
 * shape that proxies send them in are read from the connection itself (lean-connections.ts), all others by Node.
 */
export function mountHttpDoors(server: Server, parts: HttpDoorParts): HttpDoors {
  const others = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { url = '', method = '', rawHeaders } = request;
    const found = findDoor({ method, url, rawHeaders });
    if (found === undefined) for (const listener of others) listener.call(server, request, response);
    else void respond(found, request, response, parts);
  });
  return openLeanConnections(server, {
    isOurs: parts.isProxy,
    prefix,
    answer: (request, socket) => {
      const found = findDoor(request);
      return found === undefined ? undefined : answer(found, { ...request, socket }, parts);
    },
  });
}

/** Answers by Node. Whatever is wrong with one answer, it is no reason to fall; to the proxy a broken connection is a refusal. */
async function respond(
  found: FoundDoor,
  request: IncomingMessage,
  response: ServerResponse,
  parts: HttpDoorParts,
): Promise<void> {
  try {
    const { status, headers, body } = await answer(found, request, parts);
    response.sendDate = false;
    response.writeHead(status, [...headers.flat(), 'content-length', String(Buffer.byteLength(body))]);
    response.end(request.method === 'HEAD' ? undefined : body);
  } catch {
    response.destroy();
  }
}

interface FoundDoor {
  readonly name: string;
  /** What the proxy asks about; undefined if it does not say so as it should. */
  readonly asked: EdgeRequest | undefined;
}

function findDoor(request: LeanRequest): FoundDoor | undefined {
  const { name, rest } = splitDoor(request.url);
  const door = doors.get(name);
  return door === undefined ? undefined : { name, asked: door(request, rest) };
}

const prefix = '/edge/';

/**
 * `/edge/envoy/what/follows` taken apart, by position: a pattern would cost a tenth of the check. Caddy leaves the query
 * of the original behind the name, which X-Forwarded-Uri has too.
 */
function splitDoor(url: string): { readonly name: string; readonly rest: string } {
  if (!url.startsWith(prefix)) return { name: '', rest: '' };
  const slash = url.indexOf('/', prefix.length);
  const query = url.indexOf('?', prefix.length);
  if (slash !== -1 && (query === -1 || slash < query)) {
    return { name: url.slice(prefix.length, slash), rest: url.slice(slash) };
  }
  return { name: url.slice(prefix.length, query === -1 ? undefined : query), rest: '' };
}

function answer(
  { name, asked }: FoundDoor,
  request: { readonly rawHeaders: readonly string[]; readonly socket: Socket },
  parts: HttpDoorParts,
): Soon<LeanAnswer> {
  const tell = (outcome: Result<Admission, Problem>): LeanAnswer =>
    outcome.ok ? allow(name, request.rawHeaders, outcome.value, parts) : deny(name, outcome.refusal, parts);
  if (!parts.isProxy(request.socket)) return deny(name, notAProxy, parts);
  if (asked === undefined) return deny(name, notAsked, parts);
  try {
    const decided = parts.decide(asked);
    return decided instanceof Promise ? decided.then(tell, () => deny(name, broken, parts)) : tell(decided);
  } catch {
    return deny(name, broken, parts);
  }
}

function allow(
  name: string,
  rawHeaders: readonly string[],
  { set, remove }: Admission,
  parts: HttpDoorParts,
): LeanAnswer {
  // The configurations of the others take them away before they ask; these two have no way to, but for names that they are told.
  if ((name === 'traefik' || name === 'nginx') && remove.length > 0) return deny(name, foreignHeaders, parts);
  parts.allowed(name);
  // These proxies put what they are given in the place of the client's, or nothing if they are given nothing.
  const own = name === 'envoy' ? undefined : single({ rawHeaders }, 'authorization');
  const isSet = own === undefined || set.some(([header]) => header === 'authorization');
  return { status: 200, headers: isSet ? set : [...set, ['authorization', own]], body: '' };
}

function deny(name: string, problem: Problem, parts: HttpDoorParts): LeanAnswer {
  const requestId = parts.refused(name, problem);
  return {
    // nginx knows 401 and 403; anything else becomes its 500.
    status: name === 'nginx' && problem.status === 400 ? 403 : problem.status,
    headers: [
      ...Object.entries(problem.headers ?? {}),
      ['content-type', problemContentType],
      ['cache-control', 'no-store'],
      ['x-request-id', requestId],
    ],
    body: JSON.stringify(buildProblemBody(problem, requestId)),
  };
}

function described(
  { rawHeaders }: LeanRequest,
  method: string,
  target: string,
  address: string | undefined,
): EdgeRequest {
  return { method, target, rawHeaders, address };
}

function bySent(
  request: LeanRequest,
  methodHeader: string,
  targetHeader: string,
  address: string | undefined,
): EdgeRequest | undefined {
  const method = single(request, methodHeader);
  const target = single(request, targetHeader);
  return method === undefined || target === undefined ? undefined : described(request, method, target, address);
}

/** A header that came exactly once: a second one would be the client's. */
function single({ rawHeaders }: Pick<LeanRequest, 'rawHeaders'>, name: string): string | undefined {
  let value: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i];
    if (raw?.length !== name.length || raw.toLowerCase() !== name) continue;
    if (value !== undefined) return undefined;
    value = rawHeaders[i + 1];
  }
  return value;
}

/** The entry that the proxy itself has appended; those before it are the client's word. */
function lastForwarded({ rawHeaders }: LeanRequest): string | undefined {
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    const name = rawHeaders[i];
    if (name?.length !== forwardedFor.length || name.toLowerCase() !== forwardedFor) continue;
    const list = rawHeaders[i + 1] ?? '';
    return list.slice(list.lastIndexOf(',') + 1).trim();
  }
  return undefined;
}

const forwardedFor = 'x-forwarded-for';

const notAProxy: Problem = {
  status: 403,
  code: 'edge_not_a_proxy',
  title: 'This address may not ask',
  detail: 'Only the proxies in edge.proxies may: whoever asks can swap a reference token for the token behind it.',
};

const notAsked: Problem = {
  status: 403,
  code: 'edge_request_unknown',
  title: 'The proxy does not say what it asks about',
  detail: 'The original method and path are missing, or came twice. deploy/ has configurations that work.',
};

const foreignHeaders: Problem = {
  status: 400,
  code: 'foreign_identity_headers',
  title: 'Only Keyturn may send these headers',
  detail: 'A header named x-keyturn-… or x_keyturn_… came with the request, and this proxy cannot take it away.',
};

const broken: Problem = {
  status: 500,
  code: 'internal_error',
  title: 'Keyturn failed',
  detail: 'The log has the details under this request id.',
};
