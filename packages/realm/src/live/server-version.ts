import { type JsonObject } from '@keyturn/protocol';
import { membersOf, objectsOf, textOf } from '../model/members.ts';
import type { UsedRecipe } from '../recipes/expand.ts';
import type { Admin } from './admin.ts';
import { AdminRefused } from './admin-refusal.ts';

/** What is known of a server: nothing, if the account may not see it. */
export interface ServerVersion {
  readonly version: string | undefined;
  /** The features that Keycloak names, and whether each is on: `TOKEN_EXCHANGE_STANDARD_V2`. */
  readonly features: ReadonlyMap<string, boolean>;
}

export function readServerVersion(info: JsonObject | undefined): ServerVersion {
  const version = textOf(membersOf(info?.['systemInfo'])['version']);
  const features = objectsOf(info?.['features']).map(
    (feature) => [textOf(feature['name']), feature['enabled'] === true] as const,
  );
  return { version: version === '' ? undefined : version, features: new Map(features) };
}

/** Whether a version such as `26.7.3` is at least `26.2`. */
export function isAtLeast(version: string, needed: string): boolean {
  const parts = (text: string) => text.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0);
  const [have, want] = [parts(version), parts(needed)];
  for (let index = 0; index < want.length; index++) {
    const difference = (have[index] ?? 0) - (want[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/**
 * Refuses a server that is too old for a recipe, by name: Standard Token Exchange V2 came with Keycloak 26.2, and an
 * older one would store the switch and ignore it. Asks nothing if no recipe needs it.
 */
export async function checkNeeds(admin: Admin, used: readonly UsedRecipe[]): Promise<void> {
  const needing = used.filter((recipe) => recipe.needs !== undefined);
  if (needing.length === 0) return;
  const { version } = readServerVersion(await admin.serverInfo());
  const unmet = needing.filter(
    ({ needs }) => version !== undefined && needs !== undefined && !isAtLeast(version, needs),
  );
  const [first] = unmet;
  if (first?.needs === undefined || version === undefined) return;
  const recipes = [...new Set(unmet.map((recipe) => `recipe ${recipe.name}`))];
  throw new AdminRefused({ why: 'too-old', version, needs: first.needs, recipes });
}
