import { storeContract } from './contract/index.ts';
import { testDatabases } from './testing/index.ts';

for (const kind of testDatabases()) storeContract(kind);
