import { isPending, type ToolHead } from './kept-tool.ts';

/** One tool of a reading. The tool itself is text here: it is compared by its hash and stored as it is. */
export interface ReadTool {
  readonly operation: string;
  readonly mcpName: string;
  readonly method: string;
  readonly path: string;
  readonly origin: string;
  readonly hash: string;
  readonly json: string;
}

/** What a reading does to the tools that are kept. */
export interface Settled {
  /** New to this source. */
  readonly inserts: readonly { readonly read: ReadTool; readonly accepted: boolean }[];
  /** There before, and no longer the same or back again. */
  readonly updates: readonly {
    readonly head: ToolHead;
    readonly read: ReadTool;
    /** What was accepted stays to be compared with; the new reading waits. */
    readonly accepted: boolean;
  }[];
  readonly gone: readonly ToolHead[];
  readonly diff: SyncDiff;
}

/** What a sync has found, for the person who looks: by operation id. */
export interface SyncDiff {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** Those of the added and changed that are off until a person accepts them. */
  readonly pending: readonly string[];
}

/**
 * Compares a reading with what is kept. Nothing is accepted by itself under `review`. Under `auto` everything is, except
 * what would be called at an origin at which nothing of this source has been called: a document that sends its callers'
 * tokens somewhere else has to convince a person first.
 */
export function settleReading(
  heads: readonly ToolHead[],
  reading: readonly ReadTool[],
  policy: {
    readonly review: 'auto' | 'review';
    /** What a person has just registered is accepted by that. */
    readonly first: boolean;
    /** Calls go to an address that a person has given, so that the document's do not matter. */
    readonly serverGiven: boolean;
    /** Of the URL that a person gave for the source. */
    readonly origin: string | undefined;
  },
): Settled {
  const known = new Map(heads.map((head) => [head.operation, head]));
  const origins = new Set(heads.filter(({ acceptedHash }) => acceptedHash !== undefined).map(({ origin }) => origin));
  const accepts = (read: ReadTool): boolean =>
    policy.first ||
    (policy.review === 'auto' && (policy.serverGiven || origins.has(read.origin) || read.origin === policy.origin));
  const inserts: { read: ReadTool; accepted: boolean }[] = [];
  const updates: { head: ToolHead; read: ReadTool; accepted: boolean }[] = [];
  const diff = { added: [] as string[], changed: [] as string[], pending: [] as string[] };
  for (const read of reading) {
    const head = known.get(read.operation);
    known.delete(read.operation);
    if (head === undefined) {
      const accepted = accepts(read);
      inserts.push({ read, accepted });
      diff.added.push(read.operation);
      if (!accepted) diff.pending.push(read.operation);
      continue;
    }
    const same = head.hash === read.hash;
    const renamed = head.mcpName !== read.mcpName;
    if (same && !head.gone && !renamed) {
      if (isPending(head)) diff.pending.push(read.operation);
      continue;
    }
    const accepted = head.acceptedHash === read.hash || (!same && accepts(read));
    updates.push({ head, read, accepted });
    (head.gone ? diff.added : diff.changed).push(read.operation);
    if (!accepted) diff.pending.push(read.operation);
  }
  const gone = [...known.values()].filter((head) => !head.gone);
  return { inserts, updates, gone, diff: { ...diff, removed: gone.map(({ operation }) => operation) } };
}
