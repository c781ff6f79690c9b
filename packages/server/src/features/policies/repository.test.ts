import { testDatabases } from '@keyturn/store/testing';
import { policyContract } from './repository-contract.ts';

for (const kind of testDatabases()) policyContract(kind);
