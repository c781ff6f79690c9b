import type { Migration } from '@keyturn/store';
import { auditKeyMigrations } from './features/audit/tables.ts';
import { eventMigrations } from './features/events/tables.ts';
import { logoutMigrations } from './features/login/backchannel-logout.ts';
import { loginMigrations } from './features/login/tables.ts';
import { taskMigrations } from './features/mcp/task-repository.ts';
import { patMigrations } from './features/pats/tables.ts';
import { policyMigrations } from './features/policies/tables.ts';
import { rbacMigrations } from './features/rbac/tables.ts';
import { requestMigrations } from './features/requests/tables.ts';
import { sourceMigrations } from './features/sources/tables.ts';
import { accessMigrations } from './features/tools/access/tables.ts';
import { userMigrations } from './features/users/tables.ts';

/** The tables of every feature. Each owns its own, and their ids say whose they are; the order between features is free. */
export const migrations: readonly Migration[] = [
  ...sourceMigrations,
  ...accessMigrations,
  ...patMigrations,
  ...loginMigrations,
  ...taskMigrations,
  ...logoutMigrations,
  ...userMigrations,
  ...eventMigrations,
  ...policyMigrations,
  ...rbacMigrations,
  ...requestMigrations,
  ...auditKeyMigrations,
];
