import { isJsonObject, type Json, ok, type Result, refuse } from '@keyturn/protocol';
import { isJsonList, type Path, showPath } from '../representation.ts';

/** A placeholder that stands for nothing: where it is, what it asks for and how to mend it. */
export interface PlaceholderFault {
  readonly why: 'unset-variable' | 'unreadable-file' | 'no-file-reader';
  /** `clients[0].secret` */
  readonly path: string;
  readonly at: Path;
  /** The variable's name, or the file's. Never a value. */
  readonly name: string;
  readonly message: string;
}

export interface PlaceholderOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of a file for `${file:…}`, or undefined if it cannot be read. Left out: such placeholders are faults. */
  readonly readFile?: ((path: string) => string | undefined) | undefined;
  /**
   * What to do with a placeholder that resolves to nothing. Default `fault`. `keep` leaves it as literal text,
   * as Keycloak's own import does without a warning: a client then has the secret `${KEYCLOAK_CLIENT_SECRET}`.
   * `as-written` resolves nothing at all, defaults included: for a look at the file itself.
   */
  readonly unresolved?: 'fault' | 'keep' | 'as-written';
}

/**
 * Replaces `${NAME}`, `${NAME:default}`, `${A,B:default}` (the first that is set) and `${file:path}` in every string
 * of a value. Follows Keycloak's file import: a default may hold placeholders, `$${NAME}` stays exactly as it is,
 * a variable set to the empty text counts as set, and what a variable holds is not looked at again.
 * A file's text loses one trailing newline. Keycloak's own message keys (`${client_account}`, `${role_admin}`) stay.
 *
 * All faults are reported at once. Shapes of values are kept; member names are never replaced.
 */
export function resolvePlaceholders(
  value: Json,
  options: PlaceholderOptions,
): Result<Json, readonly PlaceholderFault[]> {
  if (options.unresolved === 'as-written') return ok(value);
  const faults: PlaceholderFault[] = [];
  const resolved = resolveValue(value, [], options, faults);
  return faults.length > 0 && options.unresolved !== 'keep' ? refuse(faults) : ok(resolved);
}

function resolveValue(value: Json, at: Path, options: PlaceholderOptions, faults: PlaceholderFault[]): Json {
  if (typeof value === 'string') return resolveText(value, at, options, faults);
  if (isJsonList(value)) return value.map((item, index) => resolveValue(item, [...at, index], options, faults));
  if (!isJsonObject(value)) return value;
  // fromEntries makes own members, so that a member named __proto__ in a file stays data.
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      member === undefined ? undefined : resolveValue(member, [...at, name], options, faults),
    ]),
  );
}

function resolveText(text: string, at: Path, options: PlaceholderOptions, faults: PlaceholderFault[]): string {
  let resolved = '';
  let position = 0;
  while (position < text.length) {
    const dollar = text.indexOf('$', position);
    if (dollar === -1) break;
    resolved += text.slice(position, dollar);
    const next = text[dollar + 1];
    const end = next === '{' ? closingBrace(text, dollar + 2) : -1;
    if (end === -1) {
      // `$$` is passed over as a pair, so that the brace behind it opens nothing (measured: `$${X}` stays `$${X}`).
      const length = next === '$' ? 2 : 1;
      resolved += text.slice(dollar, dollar + length);
      position = dollar + length;
    } else {
      resolved += resolveOne(text.slice(dollar + 2, end), at, options, faults);
      position = end + 1;
    }
  }
  return resolved + text.slice(position);
}

/** The index of the brace that closes one opened before `from`, or -1. */
function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let index = from; index < text.length; index++) {
    if (text[index] === '{' && text[index - 1] === '$') depth++;
    else if (text[index] === '}' && --depth === 0) return index;
  }
  return -1;
}

function resolveOne(inner: string, at: Path, options: PlaceholderOptions, faults: PlaceholderFault[]): string {
  const literal = `\${${inner}}`;
  if (isMessageKey(inner)) return literal;
  if (inner.startsWith('file:')) return readPlaceholderFile(inner.slice(5), literal, at, options, faults);
  const colon = inner.indexOf(':');
  const names = (colon === -1 ? inner : inner.slice(0, colon)).split(',').map((name) => name.trim());
  for (const name of names) {
    const found = lookUp(name, options.env);
    if (found !== undefined) return found;
  }
  if (colon !== -1) return resolveText(inner.slice(colon + 1), at, options, faults);
  const name = names.join(',');
  faults.push({
    why: 'unset-variable',
    path: showPath(at),
    at,
    name,
    message: `${showPath(at)}: the environment variable ${name} is not set, and \${${name}} has no default`,
  });
  return literal;
}

function lookUp(name: string, env: PlaceholderOptions['env']): string | undefined {
  if (Object.hasOwn(env, name)) return env[name];
  const bare = name.startsWith('env.') ? name.slice(4) : undefined;
  return bare !== undefined && Object.hasOwn(env, bare) ? env[bare] : undefined;
}

function readPlaceholderFile(
  path: string,
  literal: string,
  at: Path,
  options: PlaceholderOptions,
  faults: PlaceholderFault[],
): string {
  const text = options.readFile?.(path);
  if (text !== undefined) return text.replace(/\r?\n$/, '');
  const why = options.readFile === undefined ? 'no-file-reader' : 'unreadable-file';
  const reason = why === 'no-file-reader' ? 'files are not read here' : 'the file cannot be read';
  faults.push({ why, path: showPath(at), at, name: path, message: `${showPath(at)}: \${file:${path}}: ${reason}` });
  return literal;
}

/**
 * Whether the text between the braces is a key of Keycloak's message bundles or of its two base URLs. Every export is
 * full of these; they look like placeholders, and Keycloak resolves them when it shows a page.
 */
function isMessageKey(inner: string): boolean {
  return /^(?:client_[\w-]+|role_[\w-]+|\w+ScopeConsentText|auth(?:Base|Admin)Url|username|email|firstName|lastName|profile\.[\w.-]+)$/.test(
    inner,
  );
}
