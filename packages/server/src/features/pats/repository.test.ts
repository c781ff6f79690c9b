import { testDatabases } from '@keyturn/store/testing';
import { patContract } from './repository-contract.ts';

for (const kind of testDatabases()) patContract(kind);
