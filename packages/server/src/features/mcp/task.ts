import type { EpochMilliseconds, JsonObject } from '@keyturn/protocol';

/** The extension `io.modelcontextprotocol/tasks` (SEP-2663): an answer that is fetched later. */
export const tasksExtension = 'io.modelcontextprotocol/tasks';

export type TaskId = `tsk_${string}`;

/** Whose task it is: nobody else learns that it exists. */
export interface TaskOwner {
  readonly issuer: string;
  readonly identity: string;
  readonly client: string | undefined;
}

/** A call whose answer is fetched later: because it is slow, or because people have to approve it first. */
export interface Task {
  readonly id: TaskId;
  readonly owner: TaskOwner;
  readonly tool: string;
  readonly given: JsonObject;
  readonly state: TaskState;
  readonly createdAt: EpochMilliseconds;
  readonly updatedAt: EpochMilliseconds;
  /** Until then it can be fetched. */
  readonly expiresAt: EpochMilliseconds;
}

export type TaskState =
  /** People have not yet decided. The call is made when the owner asks after they have, with the token of then. */
  | { readonly status: 'working'; readonly waitsFor: string; readonly message: string }
  /** The call is being made, by a process that gives up at `until` at the latest. */
  | { readonly status: 'working'; readonly until: EpochMilliseconds }
  /** It was made, whatever the upstream said: a tool's own error is `isError` of the result. */
  | { readonly status: 'completed'; readonly result: JsonObject }
  /** There is no result to give. */
  | { readonly status: 'failed'; readonly error: { readonly code: number; readonly message: string } }
  | { readonly status: 'cancelled' };

/** A task on the wire, without what it came to: the answer to the call that made it. */
export function describeTask(task: Task): JsonObject {
  const message = 'message' in task.state ? { statusMessage: task.state.message } : {};
  return {
    taskId: task.id,
    status: task.state.status,
    ...message,
    createdAt: new Date(task.createdAt).toISOString(),
    lastUpdatedAt: new Date(task.updatedAt).toISOString(),
    ttlMs: task.expiresAt - task.createdAt,
    // People take longer than machines.
    pollIntervalMs: 'waitsFor' in task.state ? 5000 : 1000,
  };
}

/** The same with what it came to: the answer to `tasks/get`. */
export function describeTaskInDetail(task: Task): JsonObject {
  const { state } = task;
  return {
    ...describeTask(task),
    ...(state.status === 'completed' ? { result: state.result } : {}),
    ...(state.status === 'failed' ? { error: { ...state.error } } : {}),
  };
}

/** Whether a client has declared in this request that it can fetch answers later. */
export function declaresTasks(capabilities: JsonObject): boolean {
  const { extensions } = capabilities;
  return typeof extensions === 'object' && extensions !== null && tasksExtension in extensions;
}
