import { createHash } from 'node:crypto';
import { canonicalise } from '@keyturn/policy';
import type { JsonObject } from '@keyturn/protocol';
import { describeItem, describeReview } from './review.ts';
import type { FullReview } from './review-rows.ts';

/**
 * A review as evidence: everything that was looked at, who decided what and when, and what became of it. `digest` is the
 * SHA-256 of the canonical JSON (RFC 8785) of all else, so that a copy can be told from the original that the audit knows of.
 */
export function buildEvidence({ review, items }: FullReview): JsonObject {
  const body = { review: describeReview(review, items), decisions: items.map(describeItem) };
  return { ...body, digest: `sha-256:${createHash('sha256').update(canonicalise(body)).digest('hex')}` };
}

const columns = [
  'user',
  'issuer',
  'name',
  'role',
  'origin',
  'groups',
  'decision',
  'decided_by',
  'decided_at',
  'comment',
  'outcome',
];

/** The decisions as a table (RFC 4180). */
export function buildEvidenceTable({ items }: FullReview): string {
  const rows = items.map((item) => {
    const described = describeItem(item);
    return columns.map((column) => cell(described[column])).join(',');
  });
  return `${[columns.join(','), ...rows].join('\r\n')}\r\n`;
}

/** Quoted; what a spreadsheet would take for a formula is made text: after a line end too, and in East Asian letters. */
function cell(value: JsonObject[string]): string {
  const text = Array.isArray(value) ? value.join(' ') : typeof value === 'string' ? value : '';
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
