import type { Tool } from '@keyturn/tools';
import { effectiveAuth } from './auth.ts';
import { asOffered } from './kept-tool.ts';
import type { SourceRepository } from './repository.ts';
import type { Source, SourceAuth } from './source.ts';

/** A source with the tools that it offers: the shape that the catalogue takes. */
export interface OfferedSource extends Source {
  readonly effectiveAuth: SourceAuth;
  readonly tools: readonly Tool[];
}

/** Reads what all sources offer. A source that is as it was is not read again: a large one costs most of a second. */
export function createOffer(repository: SourceRepository): () => Promise<readonly OfferedSource[]> {
  let known = new Map<string, OfferedSource>();
  return async () => {
    const next = new Map<string, OfferedSource>();
    for (const source of await repository.all()) {
      const before = known.get(source.id);
      const isSame = before?.revision === source.revision && before.enabled === source.enabled;
      const tools = isSame ? before.tools : source.enabled ? await readTools(repository, source) : [];
      next.set(source.id, { ...source, effectiveAuth: effectiveAuth(source), tools });
    }
    known = next;
    return [...next.values()];
  };
}

async function readTools(repository: SourceRepository, source: Source): Promise<readonly Tool[]> {
  return (await repository.offered(source.id)).map((tool) => asOffered(tool, source));
}
