import { isJsonObject, type Json } from '@keyturn/protocol';

/** Where in a body something stands: member names and list indices, outermost first. */
export type Path = readonly (string | number)[];

/** What does not fit a representation: a member that it has not, or a value of another type. */
export type ShapeFault =
  | { readonly why: 'unknown-field'; readonly representation: string; readonly field: string; readonly at: Path }
  | { readonly why: 'wrong-type'; readonly at: Path };

/**
 * Reads a JSON value as `T`, with the conversions that Keycloak's own reader (Jackson) makes: texts become flags and
 * numbers where they say one, scalars become texts. Faults are collected in document order; the first one decides.
 */
export type Reader<T> = (value: Json, at: Path, faults: ShapeFault[]) => T | undefined;

type Fields = Readonly<Record<string, Reader<unknown>>>;

/** What an object reader gives: every member may be absent. */
export type ReadObject<F extends Fields> = {
  readonly [K in keyof F]?: F[K] extends Reader<infer T> ? T : never;
};

function wrong(at: Path, faults: ShapeFault[]): undefined {
  faults.push({ why: 'wrong-type', at });
  return undefined;
}

export const text: Reader<string> = (value, at, faults) =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : wrong(at, faults);

/** A name: as long as a column of Keycloak's database holds, so that it also fits into a header. */
export const name: Reader<string> = (value, at, faults) => {
  const read = text(value, at, faults);
  return read !== undefined && read.length > 255 ? wrong(at, faults) : read;
};

/** An id that the caller chose. What every object has by nature (`constructor`) is no id. */
export const identifier: Reader<string> = (value, at, faults) => {
  const read = name(value, at, faults);
  return read !== undefined && (read in {} || /[\p{Cc}\s]/u.test(read)) ? wrong(at, faults) : read;
};

export const flag: Reader<boolean> = (value, at, faults) => {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && /^(?:true|false)$/i.test(value.trim())) return value.trim().toLowerCase() === 'true';
  return typeof value === 'number' && Number.isInteger(value) ? value !== 0 : wrong(at, faults);
};

/** A whole number within 53 bits. */
export const integer: Reader<number> = (value, at, faults) => {
  const number = typeof value === 'string' && /^\s*-?\d{1,15}\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(Math.trunc(number))
    ? Math.trunc(number)
    : wrong(at, faults);
};

/** Any JSON, kept as it stands. */
export const anything: Reader<Json> = (value) => value;

export function list<T>(item: Reader<T>): Reader<readonly T[]> {
  return (value, at, faults) => {
    if (!isList(value)) return wrong(at, faults);
    const read: T[] = [];
    for (const [index, member] of value.entries()) {
      const one = member === null ? wrong([...at, index], faults) : item(member, [...at, index], faults);
      if (one !== undefined) read.push(one);
    }
    return read;
  };
}

export const texts: Reader<readonly string[]> = list(text);

/** An object with free names. A member that is null stays as null: in client attributes that means "take it away". */
export function mapOf<T>(item: Reader<T>): Reader<Readonly<Record<string, T | null>>> {
  return (value, at, faults) => {
    if (!isJsonObject(value)) return wrong(at, faults);
    const read: [string, T | null][] = [];
    for (const [name, member] of Object.entries(value)) {
      const one = member === null || member === undefined ? null : item(member, [...at, name], faults);
      if (one !== undefined) read.push([name, one]);
    }
    // fromEntries defines members, so that one called "__proto__" is a member like any other.
    return Object.fromEntries(read);
  };
}

/**
 * An object with the members that `fields` names; null counts as absent. Any other member is a fault, except in the few
 * representations that Keycloak reads leniently.
 */
export function object<F extends Fields>(
  representation: string,
  fields: F,
  { lenient = false }: { readonly lenient?: boolean } = {},
): Reader<ReadObject<F>> {
  const known = new Map(Object.entries(fields));
  return (value, at, faults) => {
    if (!isJsonObject(value)) return wrong(at, faults);
    const read: [string, unknown][] = [];
    for (const [name, member] of Object.entries(value)) {
      const field = known.get(name);
      const place = [...at, name];
      if (field === undefined) {
        if (!lenient) faults.push({ why: 'unknown-field', representation, field: name, at: place });
      } else if (member !== null && member !== undefined) {
        const one = field(member, place, faults);
        if (one !== undefined) read.push([name, one]);
      }
    }
    // Each member was read by the reader of its own name.
    return Object.fromEntries(read) as ReadObject<F>;
  };
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
