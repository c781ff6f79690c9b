import { doctorCases } from './doctor.ts';
import { operations } from './operations.ts';
import { type Case, stories } from './stories.ts';
import { openSubject } from './subject.ts';

const cases: readonly Case[] = [...stories, ...operations, ...doctorCases];

/**
 * Realm as code, from outside: each seed's set-up as recipes and its own token commands, plans on a server that lives,
 * and the doctor before broken and whole realms. The same cases against the embedded identity provider and a Keycloak.
 */
export async function run({
  idp,
  keycloakUrl,
}: {
  idp: 'embedded' | 'keycloak';
  keycloakUrl?: string;
}): Promise<{ line: string; ok: boolean }> {
  const subject = await openSubject(idp === 'keycloak' ? keycloakUrl : undefined);
  const failed: string[] = [];
  try {
    for (const { name, run: runCase } of cases) {
      const problem = await runCase(subject).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      console.error(
        problem === undefined ? `ok    ${name}` : `FAIL  ${name}\n      ${problem.replaceAll('\n', '\n      ')}`,
      );
      if (problem !== undefined) failed.push(name);
    }
  } finally {
    await subject.close();
  }
  return { line: `realm (${idp}): ${cases.length - failed.length} of ${cases.length} cases`, ok: failed.length === 0 };
}
