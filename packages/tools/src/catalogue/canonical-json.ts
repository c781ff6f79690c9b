import { hash } from 'node:crypto';
import { isJsonObject, type Json } from '@keyturn/protocol';

/** SHA-256 in hex over JSON whose members are sorted, so that order of writing makes no difference. */
export function hashJson(value: object | Json): string {
  return hash('sha256', canonical(value), 'hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${members.join(',')}}`;
}
