import { CommandFailure } from '../io.ts';

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 };

/** `90d`, `12h`, `1y` in seconds. */
export function readDuration(text: string): number {
  const [, amount = '', unit = ''] = /^(\d{1,6})([smhdwy])$/.exec(text) ?? [];
  const each = units[unit];
  if (each === undefined) throw new CommandFailure(`${JSON.stringify(text)} is no duration: 90d, 12h, 1y`, 2);
  return Number(amount) * each;
}
