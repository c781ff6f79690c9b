import { type Random, seconds, toMilliseconds } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { Settings } from '../../config/schema.ts';
import type { Frame } from '../../http/frame.ts';
import type { Log } from '../../outside/log.ts';
import type { Seal } from '../../outside/seal.ts';
import { mountMetadata } from './metadata.ts';
import type { McpToolbox } from './port.ts';
import { type McpDoor, type McpOptions, mountMcp } from './routes.ts';
import { openTaskRepository, tasksChannel } from './task-repository.ts';
import { createTasks, type TaskParts } from './tasks.ts';

export interface McpParts
  extends Pick<McpOptions, 'resource' | 'version' | 'isAllowedHost' | 'challenge' | 'clock' | 'traces' | 'count'> {
  readonly frame: Frame;
  readonly settings: Settings['mcp'];
  readonly toolbox: McpToolbox;
  readonly issuer: string;
  /** The URL of this server: its own metadata document is served too, where it is not the MCP resource. */
  readonly publicUrl: string;
  /** Whether browsers can log in here: only then is there a page that a person can be sent to. */
  readonly peopleLogIn: boolean;
  readonly store: Store;
  readonly seal: Seal | undefined;
  readonly settled: TaskParts['settled'];
  readonly random: Random;
  readonly log: Log;
}

/** The MCP door with what it needs: the metadata that points to it, and the tasks by which answers are fetched later. */
export async function openMcp(parts: McpParts): Promise<McpDoor> {
  const { frame, settings, toolbox, issuer, publicUrl, resource, store, clock, random, log } = parts;
  const warn = (message: string): void => log.warn({ message }, 'mcp');
  const tasks = createTasks({
    toolbox,
    repository: openTaskRepository(store, parts.seal),
    clock,
    random,
    after: toMilliseconds(seconds(settings.taskAfter)),
    deadline: toMilliseconds(seconds(settings.taskDeadline)),
    ttl: toMilliseconds(seconds(settings.taskTtl)),
    settled: parts.settled,
    warn,
  });
  await store.listen(tasksChannel, tasks.letGo, tasks.letGoOfCancelled);
  mountMetadata(frame, { resource, issuer, scopes: settings.scopes });
  if (resource !== publicUrl) mountMetadata(frame, { resource: publicUrl, issuer, scopes: [] });
  return mountMcp(frame, toolbox, tasks, {
    path: settings.path,
    lean: settings.lean,
    resource,
    pagesAt: parts.peopleLogIn ? publicUrl : undefined,
    version: parts.version,
    isAllowedHost: parts.isAllowedHost,
    challenge: parts.challenge,
    clock,
    traces: parts.traces,
    count: parts.count,
    warn,
  });
}
