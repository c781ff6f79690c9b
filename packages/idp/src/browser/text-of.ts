import type { Json } from '@keyturn/protocol';

/** A member that should be text; empty, which names nothing, if it is anything else. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
