/** What the clock on the wall of a time zone shows. */
export interface ZonedTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

export type ZoneClock = (at: Date) => ZonedTime;

/**
 * The clock of an IANA time zone, daylight saving included; undefined where there is no such zone. Making one costs
 * about 50 µs, reading it about two.
 */
export function zoneClock(timeZone: string): ZoneClock | undefined {
  // Offsets such as +02:00 are no zone: they do not know when the clocks change.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(timeZone)) return undefined;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return undefined;
  }
  return (at) => {
    // "3/29/2026, 01:59:59": read by position of the numbers, which is cheaper than formatToParts.
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] =
      format.format(at).match(/\d+/g)?.map(Number) ?? [];
    return { year, month, day, weekday: new Date(Date.UTC(year, month - 1, day)).getUTCDay(), hour, minute, second };
  };
}

/** Keeps the clocks of zones that were asked for, at most `limit` of them. */
export function keepZoneClocks(limit = 100): (timeZone: string) => ZoneClock | undefined {
  const clocks = new Map<string, ZoneClock | undefined>();
  return (timeZone) => {
    const known = clocks.get(timeZone);
    if (known !== undefined || clocks.has(timeZone)) return known;
    if (clocks.size >= limit) clocks.clear();
    const clock = zoneClock(timeZone);
    clocks.set(timeZone, clock);
    return clock;
  };
}
