import { ok, type Result, refuse } from '@keyturn/protocol';
import type { z } from 'zod';
import type { FileReading } from './from-file.ts';
import { type Environment, type ReadFile, readEnvironment } from './from-environment.ts';
import { type Flags, readFlags } from './from-flags.ts';
import { findConflicts, type MergedSettings, mergeAssignments } from './merge.ts';
import { type SettingAlias, waysToSet } from './names.ts';
import { describePlace, type FoundFault, type Place } from './place.ts';
import type { SettingFault, SettingOrigin } from './setting-fault.ts';
import { findSetting, membersOf, settingNames } from './schema.ts';
import { suggestion } from './suggestion.ts';
import { issuesOfMeant } from './union-issue.ts';

export interface SettingSources<Schema extends z.ZodObject> {
  /** What may be set, and the defaults. Objects should be strict. */
  readonly schema: Schema;
  /** The settings file, already read; `path` is for messages. */
  readonly file?: { readonly path: string; readonly text: string } | undefined;
  readonly env: Environment;
  /** As parsed from the command line, without dashes. */
  readonly flags: Flags;
  readonly aliases: readonly SettingAlias[];
  /** Of native environment names: `KEYTURN_`. All variables that begin so must be settings, but for `KEYTURN_TEST_…`. */
  readonly prefix: string;
  /** Variables that begin with the prefix and are no settings, such as the one that names the file. */
  readonly ignoredEnv?: readonly string[];
  /** For `…_FILE`. Rejects if the file cannot be read. */
  readonly readFile: ReadFile;
}

export interface LoadedSettings<Settings> {
  readonly settings: Settings;
  /** Where each setting came from, by dotted path. */
  readonly origins: ReadonlyMap<string, SettingOrigin>;
}

/**
 * Reads settings from everywhere: a flag beats the environment, the environment a `…_FILE`, that the file, the file a
 * default. Refuses with every fault at once. No fault holds a value.
 */
export async function loadSettings<Schema extends z.ZodObject>(
  sources: SettingSources<Schema>,
): Promise<Result<LoadedSettings<z.output<Schema>>, readonly SettingFault[]>> {
  const { schema, flags, aliases, ignoredEnv = [] } = sources;
  const file = sources.file === undefined ? undefined : await readFileOf(sources.file, schema, aliases);
  const environment = await readEnvironment({ ...sources, ignoredEnv });
  const commandLine = readFlags(schema, flags, aliases);
  const merged = mergeAssignments([
    ...(file?.assignments ?? []),
    ...environment.assignments.filter(({ origin }) => origin.from === 'secret-file'),
    ...environment.assignments.filter(({ origin }) => origin.from === 'environment'),
    ...commandLine.assignments,
  ]);
  const faults: FoundFault[] = [
    ...(file?.faults ?? []),
    ...findConflicts(file?.assignments ?? []),
    ...environment.faults,
    ...findConflicts(environment.assignments),
    ...commandLine.faults,
    ...findConflicts(commandLine.assignments),
  ];
  const parsed = schema.safeParse(merged.value);
  if (!parsed.success) {
    // What could not be read at all must not be reported a second time as missing.
    const known = new Set(faults.map(({ path }) => path));
    const judged = parsed.error.issues.flatMap((issue) => readIssue(issue, merged, file, sources));
    faults.push(...judged.filter(({ path }) => !known.has(path)));
  }
  if (!parsed.success || faults.length > 0) {
    return refuse(faults.map(({ origin, ...fault }) => ({ ...fault, origin: origin && describePlace(origin) })));
  }
  return ok({ settings: parsed.data, origins: withDefaults(merged.origins, settingNames(schema)) });
}

/** The YAML parser is loaded only where there is a file. */
async function readFileOf(
  file: { readonly path: string; readonly text: string },
  schema: z.ZodObject,
  aliases: readonly SettingAlias[],
): Promise<FileReading> {
  const { readSettingsFile } = await import('./from-file.ts');
  return readSettingsFile(file, schema, aliases);
}

function readIssue(
  issue: z.core.$ZodIssue,
  merged: MergedSettings,
  file: FileReading | undefined,
  sources: SettingSources<z.ZodObject>,
): readonly FoundFault[] {
  const { schema, prefix, aliases } = sources;
  const segments = issue.path.map(String);
  const path = segments.join('.');
  const origin = originOf(segments, merged.origins, file?.places);
  if (issue.code === 'invalid_union') {
    const isText = typeof valueAt(merged.value, segments) === 'string';
    return issuesOfMeant(issue).flatMap((inner) => {
      if (!isText) return readIssue(inner, merged, file, sources);
      // A document that was given as text is one setting: the place in it is part of what is said.
      const place = inner.path.slice(segments.length).join('.');
      const message = place === '' ? inner.message : `${place}: ${lowerFirst(inner.message)}`;
      return readIssue({ ...issue, code: 'custom', message }, merged, file, sources);
    });
  }
  const inSchema = findSetting(schema, segments)?.schema ?? schema;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...segments, key].join('.'),
      origin: originOf([...segments, key], merged.origins, file?.places),
      message: 'is not a setting',
      remedy: suggestion(key, membersOf(inSchema)?.keys() ?? []),
    }));
  }
  if (valueAt(merged.value, segments) !== undefined) {
    const remedy =
      origin === undefined ? `set ${waysToSet(path, prefix, aliases)}` : `correct ${describePlace(origin)}`;
    return [{ path, origin, message: lowerFirst(issue.message), remedy }];
  }
  // A file that cannot be read may hold all that seems to be missing.
  if (file?.readable === false) return [];
  const section = membersOf(inSchema) === undefined ? undefined : inSchema.safeParse({});
  if (section?.success === false) {
    // A whole section is missing: what is missing of it is more use.
    return section.error.issues.flatMap((inner) =>
      readIssue({ ...inner, path: [...issue.path, ...inner.path] }, merged, file, sources),
    );
  }
  const message = issue.code === 'custom' ? lowerFirst(issue.message) : 'is required';
  return [{ path, origin, message, remedy: `set ${waysToSet(path, prefix, aliases)}` }];
}

/** Where the value, or the nearest thing that holds it, was given. */
function originOf(
  segments: readonly string[],
  origins: ReadonlyMap<string, Place>,
  places: ReadonlyMap<string, Place> | undefined,
): Place | undefined {
  for (let length = segments.length; length > 0; length -= 1) {
    const origin = origins.get(segments.slice(0, length).join('.'));
    if (origin !== undefined) return (origin.from === 'file' && places?.get(segments.join('.'))) || origin;
  }
  return undefined;
}

function withDefaults(given: ReadonlyMap<string, Place>, names: readonly string[]): ReadonlyMap<string, SettingOrigin> {
  const origins = new Map<string, SettingOrigin>();
  for (const [name, place] of given) origins.set(name, describePlace(place));
  for (const name of names) if (!origins.has(name)) origins.set(name, 'default');
  return origins;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    // Only own members of what was parsed are looked at, whatever they are.
    (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
    value,
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
