import { describe, expect, it } from 'vitest';
import { type SafetyPolicy, safetyPolicySchema } from './policy.ts';
import { buildWindowTest } from './time-window.ts';
import { zoneClock } from './zoned-time.ts';

function isFor(config: Record<string, unknown>, moment: string, calendars: Record<string, string[]> = {}): boolean {
  const policy: SafetyPolicy = safetyPolicySchema.parse({
    apiVersion: 'keyturn.dev/v1alpha1',
    kind: 'SafetyPolicy',
    metadata: { name: 'p' },
    spec: { calendars, rules: [{ name: 'r', type: 'TimeWindow', action: 'Deny', config }] },
  });
  const [rule] = policy.spec.rules;
  if (rule?.type !== 'TimeWindow') throw new Error('not a window');
  const clock = zoneClock(rule.config.timeZone);
  if (clock === undefined) throw new Error('no clock');
  return buildWindowTest(rule.config, policy.spec.calendars)(clock(new Date(moment)));
}

const office = {
  timeZone: 'Europe/Berlin',
  windows: [{ days: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'], from: '09:00', to: '17:00' }],
};
const night = { timeZone: 'Europe/Berlin', windows: [{ days: ['Fri'], from: '22:00', to: '06:00' }] };

describe('a time window', () => {
  it.each([
    // 2026-11-23 is a Monday; Berlin is an hour ahead in winter and two in summer.
    ['opens on the minute', office, '2026-11-23T08:00:00Z', true],
    ['is closed the second before', office, '2026-11-23T07:59:59Z', false],
    ['is closed on its last minute', office, '2026-11-23T16:00:00Z', false],
    ['follows summer time', office, '2026-07-06T07:00:00Z', true],
    ['is closed at the weekend', office, '2026-11-22T10:00:00Z', false],
    [
      'goes by the day of its zone, not of the server',
      { ...office, timeZone: 'Pacific/Auckland' },
      '2026-11-22T21:00:00Z',
      true,
    ],
    ['holds past midnight', night, '2026-11-28T04:59:00Z', true],
    ['ends in the morning', night, '2026-11-28T05:00:00Z', false],
    ['has not begun the night before', night, '2026-11-27T02:00:00Z', false],
    [
      'that is the whole day holds from midnight',
      { timeZone: 'UTC', windows: [{ days: ['Sun'] }] },
      '2026-11-22T00:00:00Z',
      true,
    ],
    [
      'that is the whole day holds to midnight',
      { timeZone: 'UTC', windows: [{ days: ['Sun'] }] },
      '2026-11-22T23:59:59Z',
      true,
    ],
    ['outside of itself', { ...office, when: 'outside' }, '2026-11-23T07:59:59Z', true],
    ['closed for one day', { ...office, except: ['2026-11-23'] }, '2026-11-23T10:00:00Z', false],
    ['closed on a day of every year', { ...office, except: ['11-23'] }, '2026-11-23T10:00:00Z', false],
    ['closed for a stretch of days', { ...office, except: ['2026-11-20/2026-11-24'] }, '2026-11-23T10:00:00Z', false],
    ['open again after the stretch', { ...office, except: ['2026-11-20/2026-11-24'] }, '2026-11-25T10:00:00Z', true],
    [
      'whose night began on an exception is closed to its end',
      { ...night, except: ['2026-11-27'] },
      '2026-11-28T02:00:00Z',
      false,
    ],
    ['whose night ends on an exception holds', { ...night, except: ['2026-11-28'] }, '2026-11-28T02:00:00Z', true],
  ])('%s', (_, config, moment, expected) => {
    expect(isFor(config, moment)).toBe(expected);
  });

  it('knows the calendars of its policy', () => {
    const config = { ...office, exceptCalendars: ['holidays'] };
    expect(isFor(config, '2026-12-25T10:00:00Z', { holidays: ['12-25', '12-26'] })).toBe(false);
    expect(isFor(config, '2026-12-24T10:00:00Z', { holidays: ['12-25', '12-26'] })).toBe(true);
  });

  it('never opens in the hour that spring skips, and opens twice in the one that autumn repeats', () => {
    const twoToThree = { timeZone: 'Europe/Berlin', windows: [{ from: '02:00', to: '03:00' }] };
    const tenths = (day: string) =>
      Array.from({ length: 24 * 6 }, (_, i) => new Date(Date.parse(`${day}T00:00:00Z`) + i * 600_000).toISOString());
    const open = (day: string) => tenths(day).filter((moment) => isFor(twoToThree, moment)).length * 10;
    expect(open('2026-03-29')).toBe(0);
    expect(open('2026-10-25')).toBe(120);
    expect(open('2026-06-01')).toBe(60);
  });

  it('refuses what is no zone, above all an offset, which does not know when clocks change', () => {
    for (const zone of ['Mars/Olympus', '+02:00', '', '../etc', 'a'.repeat(100)])
      expect(zoneClock(zone)).toBeUndefined();
  });

  it('reads the clock of a leap second of history and of the year 1 alike', () => {
    expect(zoneClock('UTC')?.(new Date('0999-02-03T04:05:06Z'))).toMatchObject({
      year: 999,
      month: 2,
      day: 3,
      hour: 4,
    });
  });
});
