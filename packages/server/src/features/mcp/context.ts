import type { Result } from '@keyturn/protocol';
import type { Caller } from '../../http/caller.ts';
import type { Problem } from '../../http/problem.ts';

/** What the frame knows of a request, for whoever answers it: the SDK's handlers or the lean path. */
export interface McpCallContext {
  readonly caller: Caller;
  readonly requestId: string;
  /** Runs a call until the frame's deadline, or until the client has gone. */
  readonly underDeadline: <Value>(
    work: (signal: AbortSignal) => Promise<Result<Value, Problem>>,
  ) => Promise<Result<Value, Problem>>;
  /** Has the HTTP request itself answered with this problem: a challenge that a client can act on (403 step-up). */
  readonly refuseRequest: (problem: Problem) => void;
  /** What metrics and traces say of the request: the tool, where it is known, and the kind of error. */
  readonly note: (facts: { readonly tool?: string; readonly error?: string }) => void;
}
