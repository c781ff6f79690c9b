import {
  type Clock,
  epochMilliseconds,
  isJsonObject,
  type JsonObject,
  type Milliseconds,
  milliseconds,
  newId,
  type Random,
  type Result,
} from '@keyturn/protocol';
import type { Problem } from '../../http/problem.ts';
import type { AskedCall } from './asked-call.ts';
import type { McpCallContext } from './context.ts';
import { describeProblem, describeResult } from './describe.ts';
import type { McpCalled, McpToolbox } from './port.ts';
import type { Task, TaskOwner, TaskState } from './task.ts';
import type { TaskRepository } from './task-repository.ts';

export interface TaskParts {
  readonly toolbox: McpToolbox;
  readonly repository: TaskRepository;
  readonly clock: Clock;
  readonly random: Random;
  /** A call that takes longer becomes a task, for clients that can fetch answers later. */
  readonly after: Milliseconds;
  /** How long a task can be fetched after it was made, or after people's time to decide is over. */
  readonly ttl: Milliseconds;
  /** The longest that a call as a task may take; then it is given up. */
  readonly deadline: Milliseconds;
  /**
   * What people have decided of a request for approval: `approved`, `denied`, or another end. `pending` when the signal
   * aborts first, or has aborted already. Undefined where nothing asks for approvals.
   */
  readonly settled: ((request: string, signal: AbortSignal) => Promise<string>) | undefined;
  readonly warn: (message: string) => void;
}

export interface Tasks {
  /** Makes a call, and gives its result or, if it takes long, the task by which it is fetched later. */
  readonly run: (context: McpCallContext, asked: AskedCall) => Promise<Result<McpCalled, Problem> | Task>;
  /** A task for a call that people have to approve first. */
  readonly park: (context: McpCallContext, asked: AskedCall, problem: Problem) => Promise<Task>;
  /** The caller's task as it is now; undefined where there is none, or it is another's. */
  readonly get: (context: McpCallContext, id: string) => Promise<Task | undefined>;
  /** Asks for an end. A task that has ended stays as it is. False where there is none. */
  readonly cancel: (context: McpCallContext, id: string) => Promise<boolean>;
  /** A task was cancelled, on whichever replica: its call is let go, if it is made here. */
  readonly letGo: (id: string) => void;
  /** The same for all that was cancelled while this replica could hear nothing. */
  readonly letGoOfCancelled: () => Promise<void>;
}

type Called = Result<McpCalled, Problem>;

export function createTasks(parts: TaskParts): Tasks {
  const { toolbox, repository, clock, random } = parts;
  // The calls that this process is making, so that a cancellation ends them.
  const running = new Map<string, { readonly task: Task; readonly controller: AbortController }>();
  const letGo = (id: string): void => running.get(id)?.controller.abort();

  const newTask = (context: McpCallContext, asked: AskedCall, state: TaskState, lives: number): Task => {
    const now = clock();
    const given = isJsonObject(asked.given) ? asked.given : {};
    return {
      id: newId('tsk', random),
      owner: ownerOf(context),
      tool: asked.name,
      given,
      state,
      createdAt: now,
      updatedAt: now,
      expiresAt: epochMilliseconds(now + lives),
    };
  };
  const keep = async (task: Task): Promise<Task> => {
    await repository.removeExpired(clock());
    await repository.insert(task);
    return task;
  };
  const make = (context: McpCallContext, name: string, given: AskedCall['given']) => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), parts.deadline);
    const called = toolbox
      .call(context.caller, context.requestId, name, given, controller.signal)
      .finally(() => clearTimeout(timer));
    return { controller, called };
  };
  /** Follows a call that is being made to its end, and writes down what it came to, unless the task was cancelled. */
  const follow = (task: Task, controller: AbortController, called: Promise<Called>): Promise<void> => {
    running.set(task.id, { task, controller });
    return called
      .then((outcome) => stateOf(task.tool, outcome))
      .catch((error: unknown) => {
        parts.warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
        return failed('internal_error: A bug or a broken part; the log has the details.');
      })
      .then(async (state) => void (await repository.move(task, state, clock())))
      .catch((error: unknown) => parts.warn(`a task’s result was not kept: ${String(error)}`))
      .finally(() => running.delete(task.id));
  };

  /** Asks what people have decided, and makes the call if they have: as whoever asks now, whose token is alive. */
  const resume = async (context: McpCallContext, task: Task, request: string): Promise<Task> => {
    const said = (await parts.settled?.(request, AbortSignal.abort())) ?? 'pending';
    if (said === 'pending') return task;
    if (said !== 'approved' && said !== 'denied') {
      const text = `approval_${said}: The request ${request} for approval of this call has ended (${said}). Call again to ask anew.`;
      await repository.move(task, { status: 'completed', result: errorResult(text) }, clock());
      return again(context, task);
    }
    const until = epochMilliseconds(clock() + parts.deadline);
    // Of several that ask at once, one makes the call.
    if (!(await repository.move(task, { status: 'working', until }, clock()))) return again(context, task);
    const claimed = await again(context, task);
    const { controller, called } = make(context, task.tool, task.given);
    await Promise.race([follow(claimed, controller, called), pause(parts.after)]);
    return again(context, claimed);
  };
  const again = async (context: McpCallContext, task: Task): Promise<Task> =>
    (await repository.find(task.id, ownerOf(context), clock())) ?? task;

  return {
    async run(context, asked) {
      const { controller, called } = make(context, asked.name, asked.given);
      const outcome = await Promise.race([called, pause(parts.after)]);
      if (outcome !== undefined) return outcome;
      const until = epochMilliseconds(clock() + parts.deadline);
      // Kept before the client hears of it: its next request may ask for it (SEP-2663 “durable create”).
      const task = await keep(newTask(context, asked, { status: 'working', until }, parts.deadline + parts.ttl));
      void follow(task, controller, called);
      return task;
    },
    park(context, asked, problem) {
      const { facts, headers } = problem;
      const request = typeof facts?.['request'] === 'string' ? facts['request'] : '';
      const ends = typeof facts?.['expires_at'] === 'string' ? Date.parse(facts['expires_at']) : clock();
      const message = `${problem.detail} See ${headers?.['location'] ?? request}.`;
      const lives = Math.max(0, ends - clock()) + parts.ttl;
      return keep(newTask(context, asked, { status: 'working', waitsFor: request, message }, lives));
    },
    async get(context, id) {
      const task = await repository.find(id, ownerOf(context), clock());
      if (task?.state.status !== 'working') return task;
      if ('waitsFor' in task.state) return resume(context, task, task.state.waitsFor);
      if (clock() < task.state.until || running.has(id)) return task;
      const lost = failed(
        'The process that made the call has ended. The call may have had its effect: look before you repeat it.',
      );
      await repository.move(task, lost, clock());
      return again(context, task);
    },
    async cancel(context, id) {
      const task = await repository.find(id, ownerOf(context), clock());
      if (task === undefined) return false;
      if (task.state.status === 'working') {
        await repository.move(task, { status: 'cancelled' }, clock());
        letGo(id);
      }
      return true;
    },
    letGo,
    async letGoOfCancelled() {
      for (const { task, controller } of running.values()) {
        const now = await repository.find(task.id, task.owner, clock());
        if (now?.state.status === 'cancelled') controller.abort();
      }
    },
  };
}

function ownerOf({ caller }: McpCallContext): TaskOwner {
  const { issuer, identity, client } = caller.principal;
  return { issuer, identity, client };
}

function stateOf(tool: string, outcome: Called): TaskState {
  if (outcome.ok) return { status: 'completed', result: describeResult(tool, outcome.value) };
  const { refusal } = outcome;
  // No answer was had, or none could be read: that is no result of the tool.
  if (refusal.status >= 500) return failed(`${refusal.code}: ${refusal.title}. ${refusal.detail}`);
  return { status: 'completed', result: describeProblem(refusal) };
}

function failed(message: string): TaskState {
  return { status: 'failed', error: { code: -32_603, message } };
}

function errorResult(text: string): JsonObject {
  return { content: [{ type: 'text', text }], isError: true };
}

function pause(time: Milliseconds): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  setTimeout(() => resolve(undefined), milliseconds(time)).unref();
  return promise;
}
