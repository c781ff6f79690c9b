import type { KnownDifference } from './known-differences.ts';

/** The marks in `docs/idp-differences.md` between which the table stands. */
const marks = ['<!-- known differences: begin -->', '<!-- known differences: end -->'] as const;

/** The table of `docs/idp-differences.md`: one row a reason. `node conformance/keycloak/differences-page.ts` writes it. */
function differencesTable(table: readonly KnownDifference[]): string {
  const rows = table.map(({ what, why, cases }) => {
    const ids = Object.keys(cases).map((id) => `\`${id}\``);
    return `| ${what} | ${why} | ${ids.join(', ')} |`;
  });
  return ['| what differs | why | recorded cases |', '|---|---|---|', ...rows].join('\n');
}

/** The page with its table replaced. */
export function withTable(page: string, table: readonly KnownDifference[]): string {
  const [begin, end] = marks;
  const [before, rest = ''] = page.split(begin);
  const after = rest.split(end)[1] ?? '';
  return `${before}${begin}\n\n${differencesTable(table)}\n\n${end}${after}`;
}

if (import.meta.main) {
  const { readFileSync, writeFileSync } = await import('node:fs');
  const { readKnownDifferences } = await import('./known-differences.ts');
  const path = new URL('../../docs/idp-differences.md', import.meta.url);
  writeFileSync(path, withTable(readFileSync(path, 'utf8'), readKnownDifferences()));
}
