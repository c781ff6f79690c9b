import type { EdgeSettings, RouteRule } from '../../config/edge.ts';
import { ok, type Result, refuse } from '@keyturn/protocol';
import { bearerChallenge } from '@keyturn/verify';
import { type CredentialRefusal, findCredentials } from '../../http/bearer.ts';
import type { Caller } from '../../http/caller.ts';
import type { House } from '../../http/pass.ts';
import type { Problem } from '../../http/problem.ts';
import { explainRefusal, type HouseRefusal } from '../../http/refusals.ts';
import { goOn, type Soon } from '../../http/soon.ts';
import { isPermitted } from '../../http/role-policy.ts';
import { buildIdentityHeaders, foreignIdentityHeaders } from './identity-headers.ts';
import { createKnownBearers } from './known-bearers.ts';
import { isAmongTools, isHarmless, isMcpRoute, type McpHeaders, whatForbidsMcp } from './mcp-rule.ts';
import { fitsPath, readPath, splitPattern } from './route-path.ts';

/** A request as a proxy describes it. */
export interface EdgeRequest {
  readonly method: string;
  /** As the client sent it, with the query. */
  readonly target: string;
  /** Name, value, name, value, … as they came; names in any case. */
  readonly rawHeaders: readonly string[];
  /** The client's address, by the proxy's word. */
  readonly address: string | undefined;
}

/** What the upstream gets: headers to set in place of the client's, and names of headers to take away. */
export interface Admission {
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly remove: readonly string[];
}

export type DecideEdge = (request: EdgeRequest) => Soon<Result<Admission, Problem>>;

export interface EdgeParts {
  readonly house: House;
  readonly settings: EdgeSettings;
  /** Tokens must have one of these, where no rule names another. */
  readonly audiences: readonly string[];
}

/**
 * Whether a request may go on to its upstream, and as whom: the same for every proxy and protocol. The path is read
 * before the token, because a rule may name the audience that a reference token is swapped for.
 */
export function createDecision(parts: EdgeParts): DecideEdge {
  const { house, settings, audiences } = parts;
  const rules = settings.routes.map((rule) => ({ rule, pattern: splitPattern(rule.path) }));
  const bearers = createKnownBearers();

  const findRule = (request: EdgeRequest): Result<RouteRule | undefined, Problem> => {
    if (rules.length === 0) return ok(undefined);
    const path = readPath(request.target);
    if (!path.ok) return refuse(ambiguous(path.refusal));
    const fits = ({ rule, pattern }: (typeof rules)[number]): boolean =>
      (rule.methods === undefined || rule.methods.includes(request.method)) && fitsPath(pattern, path.value);
    const found = rules.find(fits);
    if (found !== undefined || settings.unmatched === 'authenticated') return ok(found?.rule);
    return refuse(forbidden('No rule allows this request.'));
  };

  const weigh = (
    request: EdgeRequest,
    rule: RouteRule | undefined,
    found: Result<Caller, HouseRefusal>,
  ): Soon<Result<Admission, Problem>> => {
    if (!found.ok) return refuse(explainRefusal(found.refusal));
    const caller = found.value;
    const forbids = whatForbids(rule, caller, request, audiences);
    if (forbids !== undefined) return refuse(forbids);
    if (caller.pat?.kind === 'reference') return ok(admit(request, caller, caller.bearer.reveal()));
    if (rule?.exchange !== true || rule.audience === undefined) return ok(admit(request, caller, undefined));
    return goOn(exchange(house, caller, rule.audience), (exchanged) =>
      exchanged.ok ? ok(admit(request, caller, exchanged.value)) : exchanged,
    );
  };

  return (request) => {
    const matched = findRule(request);
    if (!matched.ok) return matched;
    const rule = matched.value;
    if (rule?.public === true) return ok(admit(request, undefined, undefined));
    const credentials = findCredentials(request.rawHeaders);
    if (!credentials.ok) return unreadable(credentials.refusal);
    const bearer = bearers.read(credentials.value);
    if (!bearer.ok) return unreadable(bearer.refusal);
    const presented = { address: request.address, audience: rule?.audience };
    return goOn(house.who(bearer.value, 'edge', presented), (found) => {
      if (found.ok) bearers.remember(credentials.value, bearer.value);
      return weigh(request, rule, found);
    });
  };
}

function unreadable(refusal: CredentialRefusal): Result<never, Problem> {
  return refuse(explainRefusal({ room: 'who', refusal: { why: 'credentials', refusal } }));
}

function admit(request: EdgeRequest, caller: Caller | undefined, token: string | undefined): Admission {
  const set = buildIdentityHeaders(caller);
  return {
    set: token === undefined ? set : [...set, ['authorization', `Bearer ${token}`]],
    remove: foreignIdentityHeaders(request.rawHeaders, set),
  };
}

/** The caller is known; whether this request is for them. */
function whatForbids(
  rule: RouteRule | undefined,
  caller: Caller,
  request: EdgeRequest,
  audiences: readonly string[],
): Problem | undefined {
  const { principal, pat, roles } = caller;
  // A reference token has been swapped for the audience at hand; any other must bring it.
  const wanted = rule?.audience === undefined || rule.exchange ? audiences : [rule.audience];
  if (pat?.kind !== 'reference' && !principal.audiences.some((audience) => wanted.includes(audience))) {
    return explainRefusal({
      room: 'who',
      refusal: {
        why: 'token',
        refusal: { why: 'audience', got: principal.audiences, expected: wanted, client: principal.client },
      },
    });
  }
  const role = rule?.roles.find((name) => !roles.includes(name));
  if (role !== undefined) return { ...forbidden(`This needs the role ${role}.`), facts: { required_role: role } };
  const missing = rule?.scopes.filter((scope) => !principal.scopes.includes(scope)) ?? [];
  if (missing.length > 0) return insufficientScope(rule?.scopes ?? []);
  const permission = rule?.permissions.find((text) => !isPermitted(caller, text));
  if (permission !== undefined) {
    return { ...forbidden(`This needs the permission ${permission}.`), facts: { required_permission: permission } };
  }
  const mcp = isMcpRoute(rule)
    ? { rule, headers: { method: headerOf(request, 'mcp-method'), name: headerOf(request, 'mcp-name') } }
    : undefined;
  const reason =
    (mcp === undefined ? undefined : whatForbidsMcp(mcp.rule, mcp.headers)) ??
    whatForbidsPat(pat, request, mcp?.headers);
  return reason === undefined ? undefined : forbidden(reason);
}

const readingMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** `mcp` is undefined where no rule says that the upstream speaks MCP: another one would not look at these headers. */
function whatForbidsPat(pat: Caller['pat'], request: EdgeRequest, mcp: McpHeaders | undefined): string | undefined {
  if (pat === undefined) return undefined;
  const { readOnly, tools } = pat.limits;
  if (readOnly && !readingMethods.has(request.method) && (mcp === undefined || !isHarmless(mcp))) {
    return 'This personal access token is read-only.';
  }
  return tools === undefined || (mcp !== undefined && isAmongTools(tools, mcp))
    ? undefined
    : 'This personal access token is for certain tools only.';
}

/** Through the rooms to a token for the upstream: the same way as any call's. */
async function exchange(house: House, caller: Caller, audience: string): Promise<Result<string, Problem>> {
  const permitted = await house.mayThey(caller, { kind: 'edge.forward', target: audience });
  if (!permitted.ok) return refuse(explainRefusal(permitted.refusal));
  const approved = await house.twoKeys(permitted.value);
  if (!approved.ok) return refuse(explainRefusal(approved.refusal));
  const hop = await house.nextHop(approved.value, { audience, scopes: [] });
  return hop.ok ? ok(hop.value.bearer.reveal()) : refuse(explainRefusal(hop.refusal));
}

/** The value of a header that came once; of one that came twice, none: which counts would be a guess. */
function headerOf({ rawHeaders }: EdgeRequest, name: string): string | undefined {
  let value: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i];
    if (raw?.length !== name.length || raw.toLowerCase() !== name) continue;
    if (value !== undefined) return undefined;
    value = rawHeaders[i + 1];
  }
  // Proxies join several of one name; no method and no tool has a comma.
  return value === undefined || value === '' || value.includes(',') ? undefined : value;
}

function ambiguous(fault: string): Problem {
  return {
    status: 400,
    code: 'ambiguous_path',
    title: 'This path can be read in two ways',
    detail: `It has ${fault}. A rule that guessed what the upstream makes of it would be a hole.`,
  };
}

function forbidden(detail: string): Problem {
  return { status: 403, code: 'forbidden', title: 'You may not do this', detail };
}

function insufficientScope(scopes: readonly string[]): Problem {
  const wire = { status: 403, error: 'insufficient_scope', description: 'The access token lacks a scope' } as const;
  return {
    status: 403,
    code: 'insufficient_scope',
    title: 'The token lacks a scope',
    detail: `This needs the scopes ${scopes.join(' ')}.`,
    headers: { 'www-authenticate': bearerChallenge(wire, { scope: scopes }) },
  };
}
