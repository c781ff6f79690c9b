import { stringify } from 'yaml';
import type { RealmRepresentation } from '../representation.ts';

/** A representation as a file. */
export function showRealm(representation: RealmRepresentation, format: 'yaml' | 'json'): string {
  return format === 'json'
    ? `${JSON.stringify(representation, null, 2)}\n`
    : stringify(representation, { lineWidth: 0 });
}
