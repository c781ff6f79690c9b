import { startTemporaryPostgres, type TemporaryPostgres } from '@keyturn/store/testing';

/** Why no real PostgreSQL can run here. A suite prints it and skips on a user's machine; in CI it is a failure. */
export class NoPostgres extends Error {}

/** A PostgreSQL of its own, empty: Debian's, or whichever is on PATH. */
export async function openPostgres(): Promise<TemporaryPostgres> {
  const started = await startTemporaryPostgres({ settings: { fsync: 'off' } });
  if (!started.ok) throw new NoPostgres(`${started.refusal} (apt-get install postgresql)`);
  return started.value;
}
