import { stringify } from 'yaml';
import type { UsedRecipe } from './expand.ts';

/** For people: each recipe's objects in Keycloak's own words, under the step of the guide that they replace. */
export function explainRecipes(used: readonly UsedRecipe[]): string {
  return used.map(explainRecipe).join('\n');
}

function explainRecipe({ name, needs, parts }: UsedRecipe): string {
  const title = `# ${name}${needs === undefined ? '' : ` (Keycloak ${needs} or newer)`}`;
  const texts = parts.map(({ replaces, why, gives, extends: extended = [] }) => {
    const lines = [`## Replaces ${replaces}`, ...(why === undefined ? [] : [`# ${why}`])];
    if (Object.keys(gives).length > 0) lines.push(stringify(gives, { lineWidth: 0 }).trimEnd());
    if (extended.length > 0)
      lines.push('# added to clients that must exist:', stringify({ clients: extended }, { lineWidth: 0 }).trimEnd());
    return lines.join('\n');
  });
  return `${[title, ...texts].join('\n\n')}\n`;
}
