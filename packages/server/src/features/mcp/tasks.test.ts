import { testDatabases } from '@keyturn/store/testing';
import { slowCallsContract } from './slow-calls-contract.ts';
import { tasksContract } from './tasks-contract.ts';

for (const kind of testDatabases()) {
  slowCallsContract(kind);
  tasksContract(kind);
}
