import { testDatabases } from '@keyturn/store/testing';
import { userContract } from './repository-contract.ts';

for (const kind of testDatabases()) userContract(kind);
