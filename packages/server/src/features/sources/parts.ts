import type { GuardedFetch } from '@keyturn/net';
import type { Bytes, Clock, Random, Result, Seconds } from '@keyturn/protocol';
import type { Changer } from '../../http/audit-actor.ts';
import type { Seal } from '../../outside/seal.ts';
import type { DocumentCosts } from './document-reader.ts';
import type { SourceRefusal } from './refusals.ts';
import type { SourceRepository } from './repository.ts';
import type { ReadTool } from './settle.ts';
import type { Source } from './source.ts';

/** What the rules of this feature need from outside. */
export interface SourceParts {
  readonly repository: SourceRepository;
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  readonly random: Random;
  /** Bytes of the largest document that is read. */
  readonly documentLimit: Bytes;
  readonly documentCosts: DocumentCosts;
  /** Seals the secrets of sources; undefined where there is no key. */
  readonly seal: Seal | undefined;
  /** Between two re-syncs of a source that says nothing; 0: never. */
  readonly resyncInterval: Seconds;
  /** Called after a source has changed: this replica's catalogue is read again before the answer leaves. */
  readonly changed: () => Promise<void>;
  /** Keyturn's own: another may make other tools of the same document. */
  readonly version: string;
  /** The tools of an MCP server, asked for as Keyturn itself. */
  readonly readMcp: (source: McpToRead) => Promise<Result<McpReading, SourceRefusal>>;
}

export type McpToRead = Pick<
  Source,
  'id' | 'slug' | 'url' | 'auth' | 'defaultAudience' | 'requiredScopes' | 'sealedSecret' | 'include' | 'exclude'
>;

export interface McpReading {
  readonly tools: readonly ReadTool[];
  readonly warnings: readonly string[];
}

/** Who changes a source where nobody has called. */
export const timer: Changer = { actor: { identity: 'keyturn' } };
