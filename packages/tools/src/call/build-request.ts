import { type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import type { Tool } from '../tool.ts';
import { buildHeaders } from './build-headers.ts';
import { buildPath } from './build-path.ts';
import { buildQuery } from './build-query.ts';
import type { ArgumentFault } from './check-arguments.ts';
import { encodeBody } from './encode-body.ts';
import { checkText, faultOf, type GivenValue } from './given-value.ts';

/** A request as data. Credentials are added by whoever sends it. */
export interface OutboundRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** Why no request can be made: arguments that would mean something else on the wire, or a document without a server. */
export type BuildRefusal =
  | { readonly why: 'arguments'; readonly faults: readonly ArgumentFault[] }
  | { readonly why: 'no-server'; readonly message: string };

/**
 * The request that a call means. Give it checked arguments (`checkArguments`). Whatever an argument holds, it cannot
 * leave its place: it can end no header, open no other path, and add no parameter.
 */
export function buildRequest(tool: Tool, args: JsonObject): Result<OutboundRequest, BuildRefusal> {
  if (tool.server === undefined) {
    return refuse({ why: 'no-server', message: 'the document names no absolute server address, and came from none' });
  }
  const faults: ArgumentFault[] = [];
  const given: GivenValue[] = [];
  for (const parameter of tool.parameters) {
    const value = Object.hasOwn(args, parameter.argument) ? args[parameter.argument] : undefined;
    if (value === undefined) {
      if (parameter.required) faults.push(faultOf(parameter, 'is required'));
      continue;
    }
    const wrong = checkText(parameter, value);
    if (wrong === undefined) given.push([parameter, value]);
    else faults.push(wrong);
  }
  const { path, query } = buildPath(tool.path, given, faults);
  const headers = { accept: tool.accept, ...buildHeaders(given, faults) };
  const body = encodeBody(tool, args['body']);
  if (!body.ok) faults.push(...body.refusal);
  if (faults.length > 0 || !body.ok) return refuse({ why: 'arguments', faults });
  const url = `${tool.server}${path}${buildQuery(query, given)}`;
  // The last word, whatever was overlooked above: the request goes where the document says, or nowhere.
  if (!staysBelow(url, rootOf(tool, tool.server))) {
    return refuse({ why: 'arguments', faults: [{ pointer: '', message: 'lead out of the path of this tool' }] });
  }
  if (body.value === undefined) return ok({ method: tool.method, url, headers });
  return ok({
    method: tool.method,
    url,
    headers: { ...headers, 'content-type': body.value.contentType },
    body: body.value.bytes,
  });
}

function staysBelow(url: string, root: string | undefined): boolean {
  const target = URL.parse(url);
  // A user name would stand before the host, so that what begins with the root has none.
  return target !== null && root !== undefined && target.hash === '' && target.href.startsWith(root);
}

/** The address below which all calls of a tool go, as a URL is written once it is parsed, with a slash at its end. */
function rootOf(tool: Tool, server: string): string | undefined {
  const known = roots.get(tool);
  if (known !== undefined) return known;
  const base = URL.parse(server);
  if (base === null) return undefined;
  const root = `${base.origin}${base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`}`;
  roots.set(tool, root);
  return root;
}

// A memo of a pure function: the server of a tool never changes.
const roots = new WeakMap<Tool, string>();
