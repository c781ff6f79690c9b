import type { Finding, Severity } from './check.ts';

const marks: Readonly<Record<Severity, string>> = {
  ok: 'ok     ',
  note: 'note   ',
  warning: 'WARNING',
  error: 'ERROR  ',
  skipped: 'skipped',
};

/** Findings for people: what was looked at, the result and, where something is wrong, why it matters and what mends it. */
export function showFindings(findings: readonly Finding[], options: { readonly all?: boolean } = {}): string {
  const shown = findings.filter(({ severity }) => options.all === true || severity !== 'skipped');
  const lines = shown.flatMap(({ check, severity, looked, found, why, mend }) => [
    `${marks[severity]} ${check}: ${oneLine(looked)}: ${oneLine(found)}`,
    ...(severity === 'warning' || severity === 'error' ? [`        why:  ${oneLine(why)}`] : []),
    ...(mend === undefined || severity === 'ok' ? [] : [`        mend: ${oneLine(mend)}`]),
  ]);
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  return [
    ...lines,
    '',
    `${count('error')} errors, ${count('warning')} warnings, ${count('note')} notes, ${count('ok')} ok, ${count('skipped')} skipped.`,
  ].join('\n');
}

/** Names come from servers and tokens: none may write lines or colours of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}|[\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, '?');
}
