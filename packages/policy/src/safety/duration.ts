const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads `90s`, `15m`, `1h30m`, `7d`: whole numbers with units, in milliseconds. Undefined where the text is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d{1,9}(?:ms|[smhd])){1,5}$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+)(ms|[smhd])/g)) total += Number(amount) * (units[unit] ?? 0);
  return total;
}
