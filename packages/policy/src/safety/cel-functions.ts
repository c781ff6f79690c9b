import type { Environment } from '@marcbachmann/cel-js';
import { Duration } from '@marcbachmann/cel-js/evaluator';
import type { CelMeter } from './cel-meter.ts';
import { parseDuration } from './duration.ts';
import { createMatcher, type Matcher, type MatcherFault } from './regex/linear-matcher.ts';
import { keepZoneClocks, type ZonedTime } from './zoned-time.ts';
import type { Result } from '@keyturn/protocol';

/**
 * Functions whose own cost cel-js does not bound, with what is called instead: an overload cannot be replaced there, so
 * the expression is made to call another name. `matches` would backtrack for ever, `duration` reads hostile digits in
 * cubic time, searching for a long text can take the product of two lengths, and the zone functions build a formatter
 * at each call and lean on the zone of the server.
 */
export const renamed: ReadonlyMap<string, string> = new Map([
  ['matches', 'matchesLinear'],
  ['duration', 'durationBounded'],
  ['contains', 'containsBounded'],
  ['indexOf', 'indexOfBounded'],
  ['lastIndexOf', 'lastIndexOfBounded'],
  ['split', 'splitBounded'],
  ...['FullYear', 'Month', 'Date', 'DayOfMonth', 'DayOfWeek', 'Hours', 'Minutes', 'Seconds'].map(
    (part): [string, string] => [`get${part}`, `zoned${part}`],
  ),
]);

/** Up to this length the runtime searches in linear time (Boyer and Moore with a full table). */
const maxNeedle = 250;
const timestamp = 'google.protobuf.Timestamp';

/** A matcher a pattern, at most `limit` of them. */
export function keepMatchers(limit = 200): (pattern: string) => Result<Matcher, MatcherFault> {
  const matchers = new Map<string, Result<Matcher, MatcherFault>>();
  return (pattern) => {
    const known = matchers.get(pattern);
    if (known !== undefined) return known;
    if (matchers.size >= limit) matchers.clear();
    const matcher = createMatcher(pattern);
    matchers.set(pattern, matcher);
    return matcher;
  };
}

export function registerFunctions(
  environment: Environment,
  meter: CelMeter,
  matcherOf: (pattern: string) => Result<Matcher, MatcherFault>,
): void {
  const define = (signature: string, handler: (...values: never[]) => unknown): void => {
    environment.registerFunction(signature, handler, { async: false });
  };
  const search = (text: string, needle: string): void => {
    if (needle.length > maxNeedle)
      throw new Error(`the text that is searched for is longer than ${maxNeedle} characters`);
    meter.spend(text.length >> 6);
  };

  define('string.matchesLinear(string): bool', (text: string, pattern: string) => {
    meter.spend(pattern.length >> 2);
    const matcher = matcherOf(pattern);
    if (!matcher.ok) throw new Error(`matches: ${matcher.refusal.message}`);
    return matcher.value(text, (steps) => meter.spend(steps >> 2));
  });
  define('durationBounded(string): google.protobuf.Duration', (text: string) => {
    const milliseconds = parseDuration(text);
    if (milliseconds === undefined) throw new Error('duration: expected a text such as "90s", "15m" or "1h30m"');
    return Duration.fromMilliseconds(milliseconds);
  });
  define('string.containsBounded(string): bool', (text: string, needle: string) => {
    search(text, needle);
    return text.includes(needle);
  });
  define('string.indexOfBounded(string): int', (text: string, needle: string) => {
    search(text, needle);
    return BigInt(text.indexOf(needle));
  });
  define('string.lastIndexOfBounded(string): int', (text: string, needle: string) => {
    search(text, needle);
    return BigInt(text.lastIndexOf(needle));
  });
  define('string.splitBounded(string): list<string>', (text: string, separator: string) => {
    search(text, separator);
    // Counted before it is made: a split at '' makes as many texts as there are characters.
    meter.spend(text.length >> 1);
    return text.split(separator);
  });

  const clockOf = keepZoneClocks();
  const parts: readonly [string, (time: ZonedTime) => number][] = [
    ['FullYear', (time) => time.year],
    ['Month', (time) => time.month - 1],
    ['Date', (time) => time.day],
    ['DayOfMonth', (time) => time.day - 1],
    ['DayOfWeek', (time) => time.weekday],
    ['Hours', (time) => time.hour],
    ['Minutes', (time) => time.minute],
    ['Seconds', (time) => time.second],
  ];
  for (const [name, part] of parts) {
    const read = (at: Date, timeZone: string): bigint => {
      meter.spend(50);
      const clock = clockOf(timeZone);
      if (clock === undefined) throw new Error(`there is no time zone ${JSON.stringify(timeZone.slice(0, 64))}`);
      return BigInt(part(clock(at)));
    };
    define(`${timestamp}.zoned${name}(): int`, (at: Date) => read(at, 'UTC'));
    define(`${timestamp}.zoned${name}(string): int`, read);
  }
}
