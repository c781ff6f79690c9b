import { hash } from 'node:crypto';
import { isJsonObject, type Json } from '@keyturn/protocol';

/** SHA-256 in hex over JSON whose members are sorted, so that order of writing makes no difference. */
export function hashJson(value: object | Json): string {
  return hash('sha256', canonicalJson(value), 'hex');
}

/** JSON whose members are sorted: the same text for what is the same value. */
// Written as loops: this is a third of what registering a large document costs.
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) {
    let text = '';
    for (let i = 0; i < value.length; i += 1) text += i === 0 ? canonicalJson(value[i]) : `,${canonicalJson(value[i])}`;
    return `[${text}]`;
  }
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null';
  const keys = Object.keys(value);
  if (!isSorted(keys)) keys.sort();
  let text = '';
  for (const key of keys) {
    const member = value[key];
    if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

function isSorted(keys: readonly string[]): boolean {
  let before = '';
  for (const key of keys) {
    if (key < before) return false;
    before = key;
  }
  return true;
}
