// npm run story -- [NAME] [--idp embedded|keycloak]
import { parseArgs } from 'node:util';
import { NoKeycloak } from '@keyturn/conformance/parts/keycloak';

/** A story starts what it needs, shows what a new user would do, asserts what it shows, and cleans up. */
interface Story {
  tell(options: { idp: 'embedded' | 'keycloak' }): Promise<{ passed: number; failed: number }>;
}

const stories = ['tool-call'];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { idp: { type: 'string', default: 'embedded' }, help: { type: 'boolean', short: 'h' } },
});
const name = positionals[0] ?? 'tool-call';
if (values.help === true || !stories.includes(name) || !['embedded', 'keycloak'].includes(values.idp)) {
  console.error(
    `usage: npm run story -- [NAME] [--idp embedded|keycloak]\nstories: ${stories.join(' ')}\n` +
      'With --idp keycloak: STORY_KEYCLOAK_URL names one that runs already (its realm tools-provider is replaced),\n' +
      'else KEYCLOAK_HOME or Maven’s client brings one.',
  );
  process.exit(values.help === true ? 0 : 2);
}
const idp = values.idp === 'keycloak' ? 'keycloak' : 'embedded';

try {
  const story = (await import(`./${name}/story.ts`)) as Story;
  const { passed, failed } = await story.tell({ idp });
  console.log(`\nstory ${name} on ${idp}: ${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof NoKeycloak) || process.env['CI'] !== undefined) throw error;
  console.log(`skipped: ${error.message}`);
}
