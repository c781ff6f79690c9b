import { isJsonObject } from '@keyturn/protocol';

/** Everybody in a chain of actors (the claim `act`), by every name that it gives them. RFC 8693 §4.1. */
export function actorsOf(act: unknown, depth = 0): readonly string[] {
  if (!isJsonObject(act) || depth > 10) return [];
  const own = [act['sub'], act['azp'], act['client_id'], act['preferred_username']];
  return [...own.filter((name) => typeof name === 'string'), ...actorsOf(act['act'], depth + 1)];
}
