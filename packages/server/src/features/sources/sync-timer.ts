import type { SourceParts } from './parts.ts';
import { timer } from './parts.ts';
import { nextSync, syncSource } from './sync.ts';

/** How long one replica has to read a source, before another may take it. Milliseconds. */
const lease = 120_000;

/**
 * Reads every source that is due, one after the other. Replicas share the work: each source is taken by one of them. A
 * source that cannot be read is noted with the source, and tried again later.
 */
export async function syncDue(parts: SourceParts): Promise<readonly string[]> {
  const due = await parts.repository.takeDue(parts.clock(), lease);
  for (const id of due) await syncSource(parts, id, timer);
  return due;
}

/** Begins to look, every second, whether a source is due. What is thrown goes to `failed`, and the looking goes on. */
export async function startSyncTimer(parts: SourceParts, failed: (error: unknown) => void): Promise<() => void> {
  await parts.repository.scheduleMissing((source) => nextSync(parts, source, parts.clock()));
  let running = false;
  const interval = setInterval(() => {
    if (running) return;
    running = true;
    void syncDue(parts)
      .catch(failed)
      .finally(() => {
        running = false;
      });
  }, 1000);
  interval.unref();
  return () => clearInterval(interval);
}
