import { ok, type Result, refuse } from '@keyturn/protocol';
import { coerceText } from './coerce.ts';
import { environmentName, type SettingAlias } from './names.ts';
import type { Assignment, FoundFault, Place } from './place.ts';
import { type AnySchema, findSetting, settingNames } from './schema.ts';
import { suggestion } from './suggestion.ts';

/** Environment variables by name, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The text of a file that a `…_FILE` variable names. Rejects if it cannot be read. */
export type ReadFile = (path: string) => Promise<string>;

interface Reading {
  readonly assignments: readonly Assignment[];
  readonly faults: readonly FoundFault[];
}

/** Reads the native names and the aliases, each also with `_FILE`. An empty variable counts as not set. */
export async function readEnvironment(options: {
  readonly schema: AnySchema;
  readonly env: Environment;
  readonly prefix: string;
  readonly aliases: readonly SettingAlias[];
  readonly ignoredEnv: readonly string[];
  readonly readFile: ReadFile;
}): Promise<Reading> {
  const { env, prefix, aliases, schema } = options;
  const assignments: Assignment[] = [];
  const faults: FoundFault[] = [];
  const take = async (name: string, alias: SettingAlias | undefined, segments: readonly string[]): Promise<boolean> => {
    const setting = findSetting(schema, segments);
    if (setting === undefined) return false;
    const path = setting.path.join('.');
    const given = await readVariable(name, env, options.readFile);
    if (!given.ok) faults.push({ path, ...given.refusal });
    else if (given.value !== undefined) {
      const { text, origin } = given.value;
      const read = alias?.parse === undefined ? coerceText(text, setting.schema) : alias.parse(text);
      if (!read.ok) faults.push({ path, origin, message: read.refusal, remedy: `correct or unset ${origin.name}` });
      else if (read.value !== undefined) assignments.push({ path: setting.path, value: read.value, origin });
    }
    return true;
  };

  const native = Object.keys(env).filter(
    (name) =>
      name.startsWith(prefix) &&
      !options.ignoredEnv.includes(name) &&
      // What tests are told by the environment is no setting of the programs that they start.
      !name.startsWith(`${prefix}TEST_`),
  );
  const done = new Set<string>();
  for (const variable of native.sort()) {
    if (env[variable] === undefined || env[variable] === '') continue;
    const direct = segmentsOf(variable, prefix);
    // `…_FILE` is a file that holds the value, unless a setting is really called so.
    const name = findSetting(schema, direct) === undefined ? variable.replace(/_FILE$/, '') : variable;
    if (done.has(name) || aliases.some((alias) => alias.env === name)) continue;
    done.add(name);
    if (await take(name, undefined, segmentsOf(name, prefix))) continue;
    faults.push({
      path: '',
      origin: { from: 'environment', name: variable },
      message: 'is not a setting',
      remedy: suggestion(
        variable,
        settingNames(schema).map((path) => environmentName(prefix, path)),
      ),
    });
  }
  for (const alias of aliases) {
    if (alias.env === undefined) continue;
    if (!(await take(alias.env, alias, alias.path.split('.'))))
      throw new TypeError(`alias ${alias.env} names no setting`);
  }
  return { assignments, faults };
}

type Variable = { readonly text: string; readonly origin: Place & { readonly name: string } };

async function readVariable(
  name: string,
  env: Environment,
  readFile: ReadFile,
): Promise<Result<Variable | undefined, Omit<FoundFault, 'path'>>> {
  const text = env[name];
  const path = env[`${name}_FILE`];
  const direct = text !== undefined && text !== '';
  if (path === undefined || path === '') {
    return ok(direct ? { text, origin: { from: 'environment', name } } : undefined);
  }
  const origin = { from: 'secret-file', name: `${name}_FILE`, path } as const;
  if (direct) {
    return refuse({ origin, message: `${name} and ${name}_FILE are both set`, remedy: 'unset one of them' });
  }
  try {
    // Editors and `echo` end a file with a newline that is no part of the secret.
    return ok({ text: (await readFile(path)).replace(/\r?\n$/, ''), origin });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return refuse({
      origin,
      message: `the file cannot be read${code}`,
      remedy: `make ${path} readable, or unset ${origin.name}`,
    });
  }
}

function segmentsOf(name: string, prefix: string): readonly string[] {
  return name.slice(prefix.length).toLowerCase().split('__');
}
