import type { Clock } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { EventStream } from '../../http/event-stream.ts';
import { describeRequest } from './describe.ts';
import { isEnd } from './refusals.ts';
import type { RequestRepository } from './repository.ts';
import type { AgentRequest } from './request.ts';
import { requestsChannel } from './writes.ts';

/** Milliseconds between heartbeats, and between looks at whose token has ended. */
const heartbeat = 10_000;

/** Somebody who watches one request, or all that they may see. */
export interface Watcher {
  readonly stream: EventStream;
  /** Undefined: all of them. */
  readonly name?: string;
  readonly maySee: (request: AgentRequest) => boolean;
  /** Of one request: the version that was sent last, so that none is sent twice or out of order. */
  lastVersion: number;
}

/** A watcher of all who is being told what they missed: the version of each request that was sent meanwhile, by name. */
type CatchingUp = Map<string, number>;

/**
 * Everybody who watches on this process. A change is read from the database once, written as text once, and handed to all
 * whom it concerns: a thousand watchers cost a thousand small objects and no more queries than one.
 */
export interface WatchHub {
  readonly isFull: () => boolean;
  /** Listens to the store. Resolves once it hears. */
  readonly start: () => Promise<void>;
  readonly watch: (watcher: Watcher) => void;
  /** Sends the watcher of one request what it may not have heard of, unless it has seen that version. */
  readonly tell: (stream: EventStream, request: AgentRequest) => void;
  /** Sends a watcher of all what has changed since then, as fast as it reads. */
  readonly replay: (watcher: Watcher, since: number) => Promise<void>;
  /** Called with each change that anybody makes anywhere. */
  readonly onChange: (listener: (request: AgentRequest) => void) => () => void;
  readonly close: () => void;
}

export function openWatchHub(parts: {
  readonly store: Store;
  readonly repository: RequestRepository;
  readonly clock: Clock;
  readonly maxWatchers: number;
  readonly report: (error: unknown) => void;
}): WatchHub {
  const { store, repository, clock, report } = parts;
  const ofOne = new Map<string, Set<Watcher>>();
  const ofAll = new Set<Watcher>();
  const byStream = new WeakMap<EventStream, Watcher>();
  const catchingUp = new WeakMap<Watcher, CatchingUp>();
  const listeners = new Set<(request: AgentRequest) => void>();
  /** Names of what has changed and is still to be read. */
  let changed = new Set<string>();
  let reading: Promise<void> | undefined;
  let count = 0;
  // Of the newest change that was heard of: what came later is read again when notifications may have been missed.
  let heardAt: number = clock();

  const send = (watcher: Watcher, request: AgentRequest, data: string): void => {
    if (watcher.name !== undefined && request.version <= watcher.lastVersion) return;
    if (!watcher.maySee(request)) return;
    const sent = catchingUp.get(watcher);
    // What was read before it changed again would take the watcher back.
    if ((sent?.get(request.name) ?? 0) >= request.version) return;
    sent?.set(request.name, request.version);
    watcher.lastVersion = request.version;
    const id = watcher.name === undefined ? `${request.updatedAt}.${request.name}` : String(request.version);
    const update = { id, event: 'update', data };
    if (watcher.name === undefined || !isEnd(request.phase)) return watcher.stream.send([update]);
    watcher.stream.send([update, { id, event: 'result', data }]);
    watcher.stream.end();
  };
  const deliver = (request: AgentRequest): void => {
    const data = JSON.stringify(describeRequest(request, clock()));
    for (const watcher of [...(ofOne.get(request.name) ?? []), ...ofAll]) send(watcher, request, data);
    for (const listener of listeners) listener(request);
  };
  const isWanted = (name: string): boolean => ofOne.has(name) || ofAll.size > 0 || listeners.size > 0;
  /** Changes that come while others are read are read together after them. */
  const readChanged = async (): Promise<void> => {
    while (changed.size > 0) {
      const names = [...changed];
      changed = new Set();
      const found = await repository.byNames(names);
      for (const request of found.toSorted((one, other) => one.updatedAt - other.updatedAt)) {
        heardAt = Math.max(heardAt, request.updatedAt);
        deliver(request);
      }
    }
  };
  const look = (names: Iterable<string>): Promise<void> => {
    for (const name of names) if (isWanted(name)) changed.add(name);
    reading ??= readChanged().finally(() => (reading = undefined));
    return reading;
  };
  const catchUp = async (): Promise<void> => {
    await look(ofOne.keys());
    if (ofAll.size === 0 && listeners.size === 0) return;
    for await (const request of repository.changedSince(heardAt)) deliver(request);
  };
  const beating = setInterval(() => {
    const now = clock();
    for (const { stream } of [...[...ofOne.values()].flatMap((set) => [...set]), ...ofAll]) {
      stream.beat();
      // A stream lives no longer than the token that opened it; its reader comes back with a fresh one.
      if (now >= stream.until) stream.end();
    }
  }, heartbeat).unref();

  let stopListening: (() => void) | undefined;
  return {
    isFull: () => count >= parts.maxWatchers,
    async start() {
      stopListening = await store.listen(
        requestsChannel,
        (payload) => void look(payload.split('\n')).catch(report),
        () => catchUp().catch(report),
      );
    },
    watch(watcher) {
      const { name, stream } = watcher;
      const set = name === undefined ? ofAll : (ofOne.get(name) ?? new Set());
      if (name !== undefined) ofOne.set(name, set);
      set.add(watcher);
      byStream.set(stream, watcher);
      count += 1;
      stream.onClose(() => {
        set.delete(watcher);
        count -= 1;
        if (name !== undefined && set.size === 0) ofOne.delete(name);
      });
    },
    tell(stream, request) {
      const watcher = byStream.get(stream);
      if (watcher === undefined) return;
      // Who comes back having seen the last version still has to hear that it was the last.
      if (isEnd(request.phase)) watcher.lastVersion = Math.min(watcher.lastVersion, request.version - 1);
      send(watcher, request, JSON.stringify(describeRequest(request, clock())));
    },
    async replay(watcher, since) {
      catchingUp.set(watcher, new Map());
      try {
        for await (const request of repository.changedSince(since)) {
          send(watcher, request, JSON.stringify(describeRequest(request, clock())));
          await watcher.stream.drained();
          if (!ofAll.has(watcher)) break;
        }
      } catch (error) {
        report(error);
        // Whoever comes back goes on where this one has stopped.
        watcher.stream.end();
      }
      catchingUp.delete(watcher);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      clearInterval(beating);
      stopListening?.();
    },
  };
}
