import { explainNetRefusal, nearestName } from '@keyturn/net';
import { writeCanonical } from '@keyturn/policy';
import { type Clock, isJsonObject, type Json, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import { checkArguments } from '@keyturn/tools';
import type { Caller } from '../../http/caller.ts';
import { matchesName } from '../../http/pat-limits.ts';
import { type Done, type House, pass } from '../../http/pass.ts';
import type { FieldFault, Problem } from '../../http/problem.ts';
import type { Action, Approved, Resource } from '../../http/rooms.ts';
import { callTool, type ToolCallParts, type UpstreamResult } from './call.ts';
import type { Catalogue, CatalogueEntry } from './catalogue.ts';
import { explainToolRefusal } from './refusals.ts';

export interface ToolboxParts extends ToolCallParts {
  readonly house: House;
  readonly catalogue: () => Catalogue;
  /** Which tools a caller may know of, by access policy. Whoever may not is told that there is no such tool. */
  readonly visibleTo: VisibleTo;
  readonly clock: Clock;
  /** For the log: what only the operator may know. */
  readonly note: (facts: object, sentence: string) => void;
  /** The step-up that a caller needs before calling this tool by this door; undefined where the token has all scopes. */
  readonly stepUp: (caller: Caller, entry: CatalogueEntry, door: Resource) => Problem | undefined;
  readonly count: (labels: { source: string; door: string; outcome: string }) => void;
}

/** Of a caller: whether they may know of a tool. The function is asked once for each tool of a list. */
export type VisibleTo = (caller: Caller) => (entry: CatalogueEntry) => boolean;

/** One answered call. `failed` is the upstream's own refusal, with its status and words. */
export interface ToolCallAnswer {
  readonly entry: CatalogueEntry;
  readonly result: UpstreamResult;
  readonly milliseconds: number;
}

export interface ToolCallRequest {
  readonly caller: Caller;
  readonly requestId: string;
  readonly door: Resource;
  readonly arguments: Json | undefined;
  readonly signal?: AbortSignal;
}

/** What both doors do with tools: list them, and call one through all rooms. */
export interface Toolbox {
  /** What the caller may see, in a fixed order (by id). */
  readonly list: (caller: Caller) => readonly CatalogueEntry[];
  /** By id or MCP name; undefined as well where the caller may not know of it. */
  readonly find: (caller: Caller, given: string, door: Resource) => CatalogueEntry | undefined;
  /**
   * What is wrong with a call before anybody is asked to approve it: the token's scopes, the arguments. Every call of
   * `call` must have passed it, with the same action.
   */
  readonly check: (
    caller: Caller,
    entry: CatalogueEntry | undefined,
    action: Action,
    given: Json | undefined,
    door: Resource,
  ) => Problem | undefined;
  /** For a door whose frame has taken the call through the rooms already. */
  readonly call: (
    approved: Approved,
    entry: CatalogueEntry | undefined,
    given: string,
    request: Omit<ToolCallRequest, 'caller' | 'requestId' | 'arguments'>,
  ) => Promise<Result<Done<ToolCallAnswer>, Problem>>;
  /** For a door that has only authenticated the caller. */
  readonly callThroughRooms: (
    entry: CatalogueEntry | undefined,
    given: string,
    request: ToolCallRequest,
  ) => Promise<Result<Done<ToolCallAnswer>, Problem>>;
}

/**
 * The action of a call: the tool as policies see it, and the exact arguments. What the caller wrote is not its target:
 * it may be anything, even a token.
 */
export function toolCall(entry: CatalogueEntry | undefined, given: Json | undefined): Action {
  if (entry === undefined) return { kind: 'tool.call' };
  const { id, sourceSlug, operationId, method, path, tags, hints, hash } = entry.tool;
  return {
    kind: 'tool.call',
    target: id,
    targetUri: `tool://${id}`,
    tool: {
      id,
      source: sourceSlug,
      name: operationId,
      method,
      path,
      tags,
      readOnly: hints.readOnly,
      hash,
      audience: entry.source.defaultAudience,
    },
    ...canonical(given),
  };
}

/** Arguments in the form that is judged, digested and sent (RFC 8785); left out where they have none. */
function canonical(given: Json | undefined): Pick<Action, 'args'> {
  const written = writeCanonical(given ?? {});
  const parsed: Json = written.ok ? JSON.parse(written.value) : null;
  return isJsonObject(parsed) ? { args: parsed } : {};
}

/** What is wrong with arguments that somebody would have a tool called with; a tool that is gone takes none. */
export function argumentFaults(entry: CatalogueEntry | undefined, args: JsonObject): readonly FieldFault[] {
  if (entry === undefined) return [{ field: '', message: 'the tool is not there any more' }];
  const checked = checkArguments(entry.tool, args);
  if (checked.ok) return [];
  return checked.refusal.map(({ pointer, message }) => ({ field: `/parameters${pointer}`, message }));
}

/** Whether the arguments fit the tool. Those without a canonical form fit none, and what is wrong with them is said first. */
function checkToolCall({ tool }: CatalogueEntry, { args }: Action, given: Json | undefined): Problem | undefined {
  const checked = checkArguments(tool, args ?? given ?? {});
  if (!checked.ok) return explainToolRefusal({ why: 'bad-arguments', faults: checked.refusal });
  if (args !== undefined) return undefined;
  const message = 'have no canonical form (RFC 8785): text that is no Unicode, or a number that JSON cannot hold';
  return explainToolRefusal({ why: 'bad-arguments', faults: [{ pointer: '', message }] });
}

export function createToolbox(parts: ToolboxParts): Toolbox {
  const list: Toolbox['list'] = (caller) => {
    const visible = parts.visibleTo(caller);
    return parts.catalogue().entries.filter((entry) => visible(entry) && withinPat(caller, entry));
  };
  const check: Toolbox['check'] = (caller, entry, action, given, door) =>
    entry === undefined ? undefined : (parts.stepUp(caller, entry, door) ?? checkToolCall(entry, action, given));
  const call: Toolbox['call'] = async (approved, entry, given, request) => {
    if (entry === undefined) {
      const known = list(approved.caller).map(({ tool }) => (request.door === 'mcp' ? tool.mcpName : tool.id));
      return refuse(explainToolRefusal({ why: 'unknown-tool', id: given, nearest: nearestName(given, known) }));
    }
    const startedAt = parts.clock();
    const judged = approved.action;
    if (judged.tool?.hash !== entry.tool.hash || judged.tool.audience !== entry.source.defaultAudience) {
      return refuse(explainToolRefusal({ why: 'tool-changed', id: entry.tool.id }));
    }
    // What was judged is what is sent: the arguments of the action, not those of the request.
    const called = await callTool(parts, approved, entry, judged.args ?? {}, request.door, request.signal);
    const labels = { source: entry.source.slug, door: request.door };
    if (!called.ok) {
      if (called.refusal.why === 'upstream-unreachable') {
        parts.note({ ...labels, refusal: explainNetRefusal(called.refusal.refusal) }, 'upstream unreachable');
      }
      parts.count({ ...labels, outcome: 'refused' });
      return refuse(explainToolRefusal(called.refusal));
    }
    const result = called.value;
    const outcome = result.status < 400 ? 'allowed' : 'failed';
    parts.count({ ...labels, outcome: outcome === 'allowed' ? 'completed' : 'failed' });
    const answer = { entry, result, milliseconds: parts.clock() - startedAt };
    return ok({ answer, outcome, ...(outcome === 'failed' ? { reason: `upstream answered ${result.status}` } : {}) });
  };
  return {
    list,
    find(caller, given, door) {
      const entry = door === 'mcp' ? parts.catalogue().byMcpName(given) : parts.catalogue().byId(given);
      return entry !== undefined && parts.visibleTo(caller)(entry) ? entry : undefined;
    },
    check,
    call,
    callThroughRooms(entry, given, request) {
      const { caller, requestId, door } = request;
      const action = toolCall(entry, request.arguments);
      return pass(
        parts.house,
        { caller, requestId, action, check: () => check(caller, entry, action, request.arguments, door) },
        (approved) => call(approved, entry, given, request),
      );
    },
  };
}

/** A list shows what the caller's personal access token opens; a call beyond that is refused by the room "may they". */
function withinPat({ pat }: Caller, { tool }: CatalogueEntry): boolean {
  if (pat === undefined) return true;
  const { tools, readOnly } = pat.limits;
  return (tools === undefined || matchesName(tools, tool.id)) && (!readOnly || tool.hints.readOnly);
}
