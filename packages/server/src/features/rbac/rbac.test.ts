import { testDatabases } from '@keyturn/store/testing';
import { rbacContract } from './rbac-contract.ts';

for (const kind of testDatabases()) rbacContract(kind);
