import type { TimeWindowConfig } from './policy.ts';
import type { ZonedTime } from './zoned-time.ts';

/** Whether a moment, read off a wall clock, is one that the rule is for. */
export type WindowTest = (time: ZonedTime) => boolean;

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

/**
 * A window belongs to the day on which it opens: 22:00 to 06:00 on Fridays holds until Saturday morning, and an
 * exception for Friday closes all of it. The hour that spring skips is never, the one that autumn repeats is twice.
 */
export function buildWindowTest(
  config: TimeWindowConfig,
  calendars: Readonly<Record<string, readonly string[]>> = {},
): WindowTest {
  const isException = buildDateTest([
    ...config.except,
    ...config.exceptCalendars.flatMap((name) => calendars[name] ?? []),
  ]);
  const windows = config.windows.map(({ days, from, to }) => ({
    days: days === undefined ? undefined : new Set<string>(days),
    from: minutesOf(from),
    to: minutesOf(to),
  }));
  const isInside: WindowTest = (time) => {
    const now = time.hour * 60 + time.minute;
    const today = { year: time.year, month: time.month, day: time.day, weekday: time.weekday };
    return windows.some(({ days, from, to }) => {
      const opensOn = (date: CalendarDay) => (days?.has(weekdays[date.weekday] ?? '') ?? true) && !isException(date);
      if (from < to) return now >= from && now < to && opensOn(today);
      return now >= from ? opensOn(today) : now < to && opensOn(dayBefore(today));
    });
  };
  return config.when === 'inside' ? isInside : (time) => !isInside(time);
}

interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
}

function dayBefore({ year, month, day }: CalendarDay): CalendarDay {
  const date = new Date(Date.UTC(year, month - 1, day - 1));
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
  };
}

function buildDateTest(dates: readonly string[]): (date: CalendarDay) => boolean {
  const days = new Set(dates.filter((text) => !text.includes('/')));
  const stretches = dates.filter((text) => text.includes('/')).map((text) => text.split('/'));
  return ({ year, month, day }) => {
    if (dates.length === 0) return false;
    const ofYear = `${two(month)}-${two(day)}`;
    const date = `${String(year).padStart(4, '0')}-${ofYear}`;
    return days.has(date) || days.has(ofYear) || stretches.some(([from = '', to = '']) => date >= from && date <= to);
  };
}

function minutesOf(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
