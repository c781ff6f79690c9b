import type { Json, JsonObject } from '@keyturn/protocol';

/** What was asked with `tools/call`. */
export interface AskedCall {
  readonly name: string;
  readonly given: Json | undefined;
  /** What the client has declared in this request; empty for eras that declare it elsewhere. */
  readonly capabilities: JsonObject;
  /** Whether it is a retry with what the client was asked for (`inputResponses`). */
  readonly answered?: boolean;
}
