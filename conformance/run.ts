// npm run conformance -- SUITE [--idp embedded|keycloak]
import { parseArgs } from 'node:util';
import { NoKeycloak, openKeycloak, type RunningKeycloak } from './parts/keycloak.ts';

/** What a suite is: black-box checks over HTTP, which end in one line of figures. */
interface Suite {
  run(parts: { idp: 'embedded' | 'keycloak'; keycloakUrl?: string }): Promise<{ line: string; ok: boolean }>;
}

const suites = ['keycloak', 'realm', 'edge', 'tools', 'requests', 'login', 'examples'];
/** Suites that need what no Keycloak gives: tokens with one thing wrong, signed by the realm's own key. */
const embeddedOnly = ['examples'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { idp: { type: 'string', default: 'embedded' }, help: { type: 'boolean', short: 'h' } },
});
const [name] = positionals;
const idp = values.idp === 'keycloak' ? 'keycloak' : 'embedded';
if (
  values.help === true ||
  name === undefined ||
  !suites.includes(name) ||
  !['embedded', 'keycloak'].includes(values.idp)
) {
  console.error(`usage: npm run conformance -- SUITE [--idp embedded|keycloak]\nsuites: ${suites.join(' ')}`);
  process.exit(values.help === true ? 0 : 2);
}
if (idp === 'keycloak' && embeddedOnly.includes(name)) {
  console.error(`the suite ${name} signs odd tokens with the realm’s own key, so it needs --idp embedded`);
  process.exit(2);
}

const suite = (await import(`./${name}/run.ts`).catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND' || !error.message.includes(`conformance/${name}/run.ts`)) throw error;
  console.error(`the suite ${name} is not written yet`);
  process.exit(2);
})) as Suite;

let keycloak: RunningKeycloak | undefined;
try {
  const given = process.env['KEYCLOAK_URL'];
  if (idp === 'keycloak' && given === undefined) keycloak = await openKeycloak({ say: (text) => console.error(text) });
  const keycloakUrl = given ?? keycloak?.url;
  const { line, ok } = await suite.run({ idp, ...(keycloakUrl === undefined ? {} : { keycloakUrl }) });
  console.log(line);
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  if (!(error instanceof NoKeycloak) || process.env['CI'] !== undefined) throw error;
  console.log(`skipped: ${error.message}`);
} finally {
  await keycloak?.stop();
}
