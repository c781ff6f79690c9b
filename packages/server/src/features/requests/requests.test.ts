import { testDatabases } from '@keyturn/store/testing';
import { requestsContract } from './requests-contract.ts';

for (const kind of testDatabases()) requestsContract(kind);
