import { isJsonObject, type Json, ok, type Result, refuse } from '@keyturn/protocol';

/** Why a value has no canonical form. `at` is a JSON Pointer (RFC 6901). */
export interface CanonicalFault {
  /**
   * `not-json`: undefined in an array, a function, a class instance; `not-finite`: NaN or an infinity; `lone-surrogate`:
   * text that is no Unicode (RFC 8785 §3.2.2.2 forbids it); `too-deep`: more than `maxCanonicalDepth` levels.
   */
  readonly why: 'not-json' | 'not-finite' | 'lone-surrogate' | 'too-deep';
  readonly at: string;
}

/** Levels of arrays and objects. A person's arguments are nowhere near; the stack ends far beyond. */
export const maxCanonicalDepth = 100;

/**
 * JSON in one spelling, as RFC 8785 says: members sorted by UTF-16 code units, no white space, numbers as ECMAScript
 * writes them (so 1.0, 1e0 and 1 are one, and so are 0 and -0). Unicode is not normalised (§3.1): é as one code point
 * and as two are two texts, for the upstream they are. Members that are undefined are left out.
 */
export function writeCanonical(value: unknown): Result<string, CanonicalFault> {
  const path: (string | number)[] = [];
  try {
    return ok(write(value, path));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return refuse({ why: error.why, at: path.map(pointerStep).join('') });
  }
}

/** The same for a value that is known to have a canonical form. Throws a `TypeError` where it has none. */
export function canonicalise(value: Json): string {
  const written = writeCanonical(value);
  if (!written.ok) {
    throw new TypeError(`there is no canonical JSON of this: ${written.refusal.why} at "${written.refusal.at}"`);
  }
  return written.value;
}

class Fault extends Error {
  readonly why: CanonicalFault['why'];

  constructor(why: CanonicalFault['why']) {
    super(why);
    this.why = why;
  }
}

/** `path` is where the walk is; it is left standing where a fault is thrown. */
function write(value: unknown, path: (string | number)[]): string {
  if (typeof value === 'string') return writeText(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Fault('not-finite');
    return JSON.stringify(value);
  }
  if (value === null || typeof value === 'boolean') return String(value);
  if (path.length >= maxCanonicalDepth) throw new Fault('too-deep');
  if (Array.isArray(value)) {
    let text = '';
    // By index, since forEach and map skip holes.
    for (let index = 0; index < value.length; index += 1) {
      path.push(index);
      text += `${index === 0 ? '' : ','}${write(value[index], path)}`;
      path.pop();
    }
    return `[${text}]`;
  }
  if (!isPlainObject(value)) throw new Fault('not-json');
  let text = '';
  for (const name of Object.keys(value).sort()) {
    const member = value[name];
    if (member === undefined) continue;
    path.push(name);
    text += `${text === '' ? '' : ','}${writeText(name)}:${write(member, path)}`;
    path.pop();
  }
  return `{${text}}`;
}

function writeText(text: string): string {
  if (!text.isWellFormed()) throw new Fault('lone-surrogate');
  return JSON.stringify(text);
}

/** A Date or a Map would be written as something that it is not. */
function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isJsonObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A step that is itself broken Unicode must not break the log that names it. */
function pointerStep(step: string | number): string {
  return `/${String(step).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
