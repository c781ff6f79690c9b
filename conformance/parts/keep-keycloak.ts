// node conformance/parts/keep-keycloak.ts FILE: starts a real Keycloak, writes its URL to FILE when it is ready, and
// keeps it until told to stop. For CI, so that several suites share one start.
import { writeFile } from 'node:fs/promises';
import { openKeycloak } from './keycloak.ts';

const file = process.argv[2];
if (file === undefined) throw new Error('usage: node conformance/parts/keep-keycloak.ts FILE');
const keycloak = await openKeycloak({ say: (text) => console.error(text) });
await writeFile(file, keycloak.url);
await new Promise<void>((resolve) => {
  process.once('SIGTERM', () => resolve());
  process.once('SIGINT', () => resolve());
  setInterval(() => {}, 60_000);
});
await keycloak.stop();
process.exit(0);
