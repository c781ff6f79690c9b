import { coerceText } from './coerce.ts';
import { flagName, type SettingAlias } from './names.ts';
import type { Assignment, FoundFault } from './place.ts';
import { type AnySchema, findSetting, settingNames } from './schema.ts';
import { suggestion } from './suggestion.ts';

/** Flags by name without dashes; `true` for one without a value, a list for one given several times. */
export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** Reads native flags (`auth.jwks-url`) and aliases (`oidc-issuer-url`). */
export function readFlags(
  schema: AnySchema,
  flags: Flags,
  aliases: readonly SettingAlias[],
): { readonly assignments: readonly Assignment[]; readonly faults: readonly FoundFault[] } {
  const assignments: Assignment[] = [];
  const faults: FoundFault[] = [];
  for (const [name, given] of Object.entries(flags)) {
    if (given === undefined) continue;
    const origin = { from: 'flag', name } as const;
    const alias = aliases.find(({ flag }) => flag === name);
    const setting = findSetting(schema, (alias?.path ?? name).split('.'));
    if (setting === undefined) {
      if (alias !== undefined) throw new TypeError(`alias --${name} names no setting`);
      const known = [...settingNames(schema).map(flagName), ...aliases.flatMap(({ flag }) => flag ?? [])];
      const remedy = suggestion(name, known, (found) => `--${found}`);
      faults.push({ path: '', origin, message: 'is not a setting', remedy });
      continue;
    }
    const path = setting.path.join('.');
    const values: unknown[] = [];
    for (const text of typeof given === 'object' ? given : [String(given)]) {
      const read = alias?.parse === undefined ? coerceText(text, setting.schema) : alias.parse(text);
      if (!read.ok) faults.push({ path, origin, message: read.refusal, remedy: `correct --${name}` });
      else if (read.value !== undefined) values.push(read.value);
    }
    // A list may be given piece by piece; anything else given twice must agree, as two names must.
    const pieces = values.every((value) => Array.isArray(value)) && values.length > 0 ? [values.flat()] : values;
    assignments.push(...pieces.map((value) => ({ path: setting.path, value, origin })));
  }
  return { assignments, faults };
}
