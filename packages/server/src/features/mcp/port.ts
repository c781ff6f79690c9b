import type { Json, JsonObject, Result } from '@keyturn/protocol';
import type { ToolResult } from '@keyturn/tools';
import type { Caller } from '../../http/caller.ts';
import type { Problem } from '../../http/problem.ts';

/** A tool as MCP lists it. */
export interface McpTool {
  /** `slug__operation`, within [A-Za-z0-9_-]{1,64}. */
  readonly name: string;
  readonly title: string | undefined;
  readonly description: string;
  readonly inputSchema: JsonObject;
  /** What `structuredContent` is, where the document says. */
  readonly outputSchema?: JsonObject | undefined;
  readonly annotations: {
    readonly readOnlyHint?: boolean;
    readonly destructiveHint?: boolean;
    readonly idempotentHint?: boolean;
  };
}

/** An answered call. */
export interface McpCalled {
  readonly result: ToolResult;
  /** Blocks of an upstream that speaks MCP itself, handed on as they are instead of what `result` would become. */
  readonly content?: readonly JsonObject[] | undefined;
  /** Whether the tool was listed with an output schema, which clients then hold every successful answer to. */
  readonly promised: boolean;
}

/**
 * What the MCP door needs of the tools. Each function takes the call through all rooms and leaves its audit row; the
 * list is in a fixed order, so that a model's prompt cache keeps hitting, and gives the same object for the same tool
 * until it changes.
 */
export interface McpToolbox {
  readonly list: (caller: Caller, requestId: string) => Promise<Result<readonly McpTool[], Problem>>;
  readonly call: (
    caller: Caller,
    requestId: string,
    name: string,
    given: Json | undefined,
    signal: AbortSignal,
  ) => Promise<Result<McpCalled, Problem>>;
}
