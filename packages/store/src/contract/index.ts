import { afterEach, beforeEach, describe } from 'vitest';
import type { TestDatabase, TestDatabaseKind } from '../testing/test-databases.ts';
import { auditContract } from './audit.ts';
import { auditExportContract } from './audit-export.ts';
import { migrationContract } from './migrations.ts';
import { notificationContract } from './notifications.ts';
import { postgresContract } from './postgres.ts';
import { togetherContract } from './together.ts';
import { transactionContract } from './transactions.ts';

/** What every store promises, as vitest tests. Run it on each of `testDatabases()` and on any new kind. */
export function storeContract(kind: TestDatabaseKind): void {
  const skipped = kind.skip === undefined ? '' : ` (skipped: ${kind.skip})`;
  describe.skipIf(kind.skip !== undefined)(`a store on ${kind.name}${skipped}`, () => {
    let current: TestDatabase | undefined;
    beforeEach(async () => {
      current = await kind.create();
    });
    afterEach(() => current?.drop());
    const database = () => {
      if (current === undefined) throw new Error('there is no database outside a test');
      return current;
    };
    transactionContract(database, kind.shared);
    togetherContract(database);
    migrationContract(database, kind.shared);
    notificationContract(database);
    if (kind.dialect === 'postgres') postgresContract(database);
    auditContract(database);
    auditExportContract(database);
  });
}
