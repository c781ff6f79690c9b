import type { JsonObject } from '@keyturn/protocol';
import { formatTable } from '../table.ts';

/** Tokens as lines for people: name, kind, id, until when, last used. */
export function formatTokens(tokens: readonly JsonObject[]): string {
  const rows = [
    ['NAME', 'KIND', 'ID', 'ENDS', 'LAST USED'],
    ...tokens.map((token) => [
      text(token['name']),
      text(token['kind']),
      text(token['id']),
      text(token['expires_at']).slice(0, 10),
      token['last_used_at'] === null ? 'never' : text(token['last_used_at']).slice(0, 16).replace('T', ' '),
    ]),
  ];
  return formatTable(rows);
}

/** A name is its owner's own text: nothing in it may steer the terminal. */
function text(value: unknown): string {
  return typeof value === 'string' ? value.replaceAll(/\p{C}/gu, '?') : '';
}
