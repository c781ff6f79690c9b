import { testDatabases } from '@keyturn/store/testing';
import { sourceContract } from './repository-contract.ts';

for (const kind of testDatabases()) sourceContract(kind);
