import { inspect } from 'node:util';

/** What an option must be, in words that follow its name, and whether a value is that. */
export interface Wish {
  readonly wish: string;
  readonly holds: (value: unknown) => boolean;
  /** Whether it must be given. Default false. */
  readonly required?: true;
  /** Whether the sentence may show what was given: no address and no secret. Default false. */
  readonly shown?: true;
}

/** A wish for each option, so that none is forgotten. */
export type Wishes<Options> = { readonly [Name in keyof Options]-?: Wish };

/**
 * Everything wrong with options, in sentences. Options come from JavaScript and from files too, where no type holds
 * them: a tolerance of `'5'` would be appended to `exp` instead of added, and a bound of `NaN` bounds nothing.
 * `of`: whose options these are, to be put after each name.
 */
export function faultsOf(options: unknown, wishes: Readonly<Record<string, Wish>>, of = ''): readonly string[] {
  if (!isObject(options)) return ['options: give an object'];
  const faults: string[] = [];
  for (const [name, { wish, holds, required, shown }] of Object.entries(wishes)) {
    const value = options[name];
    if (value === undefined ? required !== true : holds(value)) continue;
    const got =
      shown === true && value !== undefined ? `, not ${inspect(value, { depth: 0, maxStringLength: 100 })}` : '';
    faults.push(`${name}${of}: ${wish}${got}`);
  }
  return faults;
}

/** Throws a TypeError that lists all faults, if there are any. */
export function throwFaults(what: string, faults: readonly string[]): void {
  if (faults.length > 0) throw new TypeError(`${what} cannot be built:\n- ${faults.join('\n- ')}`);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** One text or a list of at least one, none of them empty. */
export function isTextOrTexts(value: unknown): boolean {
  return isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText));
}

/** An http(s) address without credentials in it, which every log line about it would show. */
export function isHttpUrl(value: unknown): value is string {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}

export function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

/** Whether a port has what it is called by. */
export function has(...methods: readonly string[]): (value: unknown) => boolean {
  return (value) => isObject(value) && methods.every((method) => isFunction(value[method]));
}

export function isBetween(least: number, most: number): (value: unknown) => boolean {
  return (value) => typeof value === 'number' && value >= least && value <= most;
}

export function isCountBetween(least: number, most: number): (value: unknown) => boolean {
  const fits = isBetween(least, most);
  return (value) => Number.isInteger(value) && fits(value);
}

// Words that several kinds of options share.
export const clockWish: Wish = { wish: 'a function that gives the milliseconds since 1970', holds: isFunction };
export const fetchWish: Wish = { wish: 'a function like that of @keyturn/net', holds: isFunction };
export const cacheSizeWish: Wish = {
  wish: 'a whole number from 0 to 10 million',
  holds: isCountBetween(0, 10_000_000),
  shown: true,
};
export const toleranceWish: Wish = {
  wish: 'a number of seconds between 0 and 300',
  holds: isBetween(0, 300),
  shown: true,
};
export const durationWish: Wish = {
  wish: 'a finite number of seconds, 0 or more',
  holds: isBetween(0, Number.MAX_SAFE_INTEGER),
  shown: true,
};
export const audienceWish: Wish = {
  wish: 'name this resource; without it a token meant for anybody would be accepted',
  holds: isTextOrTexts,
  required: true,
};
export const identityClaimWish: Wish = { wish: 'the name of a claim, or several', holds: isTextOrTexts, shown: true };
export const issuerWish: Wish = { wish: 'give the exact value of the iss claim', holds: isText, required: true };
