import type { Tx } from '@keyturn/store';
import type { ReadTool, Settled } from './settle.ts';
import type { Source } from './source.ts';
import type { SourceTables, ToolRow } from './tables.ts';

/** Whether a reading changes any tool. */
export function hasWork(settled: Settled | undefined): boolean {
  return settled !== undefined && settled.inserts.length + settled.updates.length + settled.gone.length > 0;
}

/** Writes what a reading did to the tools of a source. `by` is noted as having accepted what it accepts. */
export async function writeSettled(tx: Tx, source: Source, settled: Settled, by: string): Promise<void> {
  const db = tx.db.withTables<SourceTables>();
  const at = source.updatedAt;
  const acceptance = (read: ReadTool, accepted: boolean) =>
    accepted ? { accepted_hash: read.hash, accepted_tool: null, accepted_at: at, accepted_by: by } : {};
  const partsOf = ({ mcpName, method, path, origin, hash, json }: ReadTool) => ({
    mcp_name: mcpName,
    method,
    path,
    origin,
    hash,
    tool: json,
  });
  const rows = settled.inserts.map(
    ({ read, accepted }): ToolRow => ({
      source_id: source.id,
      operation: read.operation,
      ...partsOf(read),
      accepted_hash: null,
      accepted_tool: null,
      enabled: 1,
      gone: 0,
      first_seen_at: at,
      changed_at: at,
      accepted_at: null,
      accepted_by: null,
      ...acceptance(read, accepted),
    }),
  );
  for (let from = 0; from < rows.length; from += 50) {
    await db
      .insertInto('sources_tool')
      .values(rows.slice(from, from + 50))
      .execute();
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const { head, read, accepted } of settled.updates) {
    const isOther = head.hash !== read.hash;
    await db
      .updateTable('sources_tool')
      .set((eb) => ({
        ...partsOf(read),
        gone: 0,
        ...(isOther ? { changed_at: at } : {}),
        // The reading that was accepted is kept while another waits, so that the two can be compared.
        ...(isOther && head.acceptedHash === head.hash ? { accepted_tool: eb.ref('tool') } : {}),
        ...acceptance(read, accepted && head.acceptedHash !== read.hash),
        ...(accepted ? { accepted_tool: null } : {}),
      }))
      .where('source_id', '=', source.id)
      .where('operation', '=', head.operation)
      .execute();
  }
  for (const { operation } of settled.gone) {
    await db
      .updateTable('sources_tool')
      .set({ gone: 1, changed_at: at })
      .where('source_id', '=', source.id)
      .where('operation', '=', operation)
      .execute();
  }
}
