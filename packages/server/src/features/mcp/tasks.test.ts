import { testDatabases } from '@keyturn/store/testing';
import { tasksContract } from './tasks-contract.ts';

for (const kind of testDatabases()) tasksContract(kind);
