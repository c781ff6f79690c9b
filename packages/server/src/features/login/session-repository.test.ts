import { testDatabases } from '@keyturn/store/testing';
import { loginContract } from './session-contract.ts';

for (const kind of testDatabases()) loginContract(kind);
