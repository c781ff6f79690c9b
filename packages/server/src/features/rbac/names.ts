import type { Store } from '@keyturn/store';
import { userKey } from './person.ts';
import type { RbacTables } from './tables.ts';

/** What people are called, as far as a sync has said, by user key. */
export async function readNames(store: Store): Promise<ReadonlyMap<string, string>> {
  const rows = await store.db
    .withTables<RbacTables>()
    .selectFrom('rbac_user')
    .select(['issuer', 'subject', 'name'])
    .where('name', 'is not', null)
    .execute();
  return new Map(rows.map((row) => [userKey(row), row.name ?? '']));
}
