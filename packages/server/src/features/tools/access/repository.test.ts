import { testDatabases } from '@keyturn/store/testing';
import { accessContract } from './repository-contract.ts';

for (const kind of testDatabases()) accessContract(kind);
