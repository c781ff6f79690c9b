/** Ids carry their kind, so that one cannot be passed for another and a log line reads by itself. */
export type SourceId = `src_${string}`;
export type PatId = `pat_${string}`;
export type RequestId = `req_${string}`;
export type AuditId = `aud_${string}`;
export type EventId = `evt_${string}`;

/** Where randomness comes from: `n` unpredictable bytes. Passed in, so that tests are repeatable. */
export type Random = (n: number) => Uint8Array;

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * A new id: the prefix, an underscore and 26 characters of Crockford's base 32 (130 random bits, one of 32 letters a byte).
 * The alphabet has no i, l, o or u, so that an id read aloud or copied by hand survives.
 */
export function newId<Prefix extends string>(prefix: Prefix, random: Random): `${Prefix}_${string}` {
  let text = '';
  for (const byte of random(26)) text += alphabet[byte & 31];
  return `${prefix}_${text}`;
}

/** Whether foreign text has the shape of an id of this kind. Says nothing of whether such a thing exists. */
export function isId<Prefix extends string>(prefix: Prefix, text: string): text is `${Prefix}_${string}` {
  return (
    text.length === prefix.length + 27 &&
    text.startsWith(`${prefix}_`) &&
    /^[0-9a-hjkmnp-tv-z]{26}$/.test(text.slice(-26))
  );
}
