import type { Claims } from '@keyturn/protocol';
import { remembering } from './memo.ts';

/** A claims set of which only what judging needs has been read. */
export interface PlainClaims {
  /** The members of `judgedSlots` as `JSON.parse` would give them; all others are missing. */
  readonly judged: Claims;
  /** The whole text: one JSON object, no member twice at any depth, no escapes. It may be parsed without further checks. */
  readonly text: string;
}

/** Every claim that is looked at before a token is believed, and its place in the tables of the reader. */
const judgedSlots = {
  iss: 0,
  sub: 1,
  aud: 2,
  exp: 3,
  nbf: 4,
  iat: 5,
  auth_time: 6,
  jti: 7,
  azp: 8,
  client_id: 9,
  sid: 10,
  scope: 11,
  scp: 12,
  typ: 13,
  cnf: 14,
  events: 15,
  token_use: 16,
  at_hash: 17,
  c_hash: 18,
  s_hash: 19,
  nonce: 20,
  uid: 21,
  cid: 22,
  appid: 23,
  oid: 24,
  gty: 25,
  idtyp: 26,
  email: 27,
  email_verified: 28,
} as const;
const judgedNames = Object.keys(judgedSlots);

/** Whether a claim is among those that a plain token is judged by. */
export function isJudged(claim: string): boolean {
  return Object.hasOwn(judgedSlots, claim);
}

// A text that goes beyond these is left to the thorough reader, which knows the limits that tokens are held to.
const maxDepth = 8;
const maxNames = 512;
const maxDigits = 15;

const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** 1 for the bytes that may stand in a plain text's strings: printable ASCII but for the quote and the backslash. */
const inString = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte <= 0x7e && byte !== quote && byte !== backslash ? 1 : 0,
);

const unsure = -1;

/**
 * Builds a reader of claims sets as issuers write them: printable ASCII, no escapes, no white space between members,
 * whole numbers, few levels. In one pass, which costs half of what building the objects does, it finds that such a text
 * is JSON with no member twice and where the judged claims stand. Of any other text, hostile ones included, it says
 * undefined, and that means no more than that `parseStrictJson` has to look at it. Where it says more it says the same
 * as that; a property test holds it to it.
 *
 * The memory it is given must have room for one byte after the text, which it sets to 0: no check for the end is needed
 * in the loops then.
 */
export function createPlainClaimsReader(): (memory: Buffer, length: number) => PlainClaims | undefined {
  // Where the values of the judged claims begin and end; an end of 0 for those that are missing.
  const starts = new Int32Array(judgedNames.length);
  const ends = new Int32Array(judgedNames.length);
  const values: unknown[] = judgedNames.map(() => undefined);
  // Hashes of the names in all objects that are open, the innermost object's last.
  const hashes = new Int32Array(maxNames);
  const slotOfHash = new Map(judgedNames.map((name, slot) => [hashOf(name), slot]));
  const forbidden = hashOf('__proto__');

  // Each of these is given where something begins and returns where it ends, or `unsure`.
  const valueEnd = (bytes: Buffer, from: number, depth: number, names: number): number => {
    switch (bytes[from]) {
      case quote:
        return stringEnd(bytes, from);
      case openBrace:
        return objectEnd(bytes, from, depth + 1, names);
      case openBracket:
        return arrayEnd(bytes, from, depth + 1, names);
      case 0x74:
        return wordEnd(bytes, from, 'true');
      case 0x66:
        return wordEnd(bytes, from, 'false');
      case 0x6e:
        return wordEnd(bytes, from, 'null');
      default:
        return numberEnd(bytes, from);
    }
  };

  const arrayEnd = (bytes: Buffer, from: number, depth: number, names: number): number => {
    if (depth > maxDepth) return unsure;
    if (bytes[from + 1] === closeBracket) return from + 2;
    let at = from;
    do {
      at = valueEnd(bytes, at + 1, depth, names);
      if (at === unsure) return unsure;
    } while (bytes[at] === comma);
    return bytes[at] === closeBracket ? at + 1 : unsure;
  };

  /** `outer`: how many names the objects around this one have had so far. */
  const objectEnd = (bytes: Buffer, from: number, depth: number, outer: number): number => {
    if (depth > maxDepth) return unsure;
    if (bytes[from + 1] === closeBrace) return from + 2;
    let at = from;
    let names = outer;
    do {
      // `at` is where the brace or the comma before a name stands.
      const name = at + 2;
      if (bytes[name - 1] !== quote) return unsure;
      let hash = 0;
      for (at = name; inString[bytes[at] as number] === 1; at++)
        hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
      const value = at + 2;
      if (bytes[at] !== quote || bytes[at + 1] !== colon || hash === forbidden || names === maxNames) return unsure;
      // Names with different hashes differ. Whether two with the same one do is not worth finding out here.
      for (let i = outer; i < names; i++) if (hashes[i] === hash) return unsure;
      hashes[names++] = hash;
      at = valueEnd(bytes, value, depth, names);
      if (at === unsure) return unsure;
      const slot = depth === 1 ? slotOfHash.get(hash) : undefined;
      if (slot !== undefined && isNamed(bytes, name, value - 2, judgedNames[slot] as string)) {
        starts[slot] = value;
        ends[slot] = at;
      }
    } while (bytes[at] === comma);
    return bytes[at] === closeBrace ? at + 1 : unsure;
  };

  return (memory, length) => {
    memory[length] = 0;
    ends.fill(0);
    if (memory[0] !== openBrace || objectEnd(memory, 0, 1, 0) !== length) return undefined;
    const text = memory.toString('latin1', 0, length);
    for (let slot = 0; slot < judgedNames.length; slot++) {
      const end = ends[slot] as number;
      values[slot] = end === 0 ? undefined : readValue(memory, text, starts[slot] as number, end);
    }
    // One literal rather than a loop: an object of one shape, which is quicker to make and to look into.
    const judged = {
      iss: values[judgedSlots.iss],
      sub: values[judgedSlots.sub],
      aud: values[judgedSlots.aud],
      exp: values[judgedSlots.exp],
      nbf: values[judgedSlots.nbf],
      iat: values[judgedSlots.iat],
      auth_time: values[judgedSlots.auth_time],
      jti: values[judgedSlots.jti],
      azp: values[judgedSlots.azp],
      client_id: values[judgedSlots.client_id],
      sid: values[judgedSlots.sid],
      scope: values[judgedSlots.scope],
      scp: values[judgedSlots.scp],
      typ: values[judgedSlots.typ],
      cnf: values[judgedSlots.cnf],
      events: values[judgedSlots.events],
      token_use: values[judgedSlots.token_use],
      at_hash: values[judgedSlots.at_hash],
      c_hash: values[judgedSlots.c_hash],
      s_hash: values[judgedSlots.s_hash],
      nonce: values[judgedSlots.nonce],
      uid: values[judgedSlots.uid],
      cid: values[judgedSlots.cid],
      appid: values[judgedSlots.appid],
      oid: values[judgedSlots.oid],
      gty: values[judgedSlots.gty],
      idtyp: values[judgedSlots.idtyp],
      email: values[judgedSlots.email],
      email_verified: values[judgedSlots.email_verified],
    } satisfies Record<keyof typeof judgedSlots, unknown>;
    // Claims that nobody has judged yet are of any type, as they are when JSON.parse has read them.
    return { judged: judged as Claims, text };
  };
}

function stringEnd(bytes: Buffer, from: number): number {
  let at = from + 1;
  while (inString[bytes[at] as number] === 1) at++;
  return bytes[at] === quote ? at + 1 : unsure;
}

function wordEnd(bytes: Buffer, from: number, word: string): number {
  for (let i = 0; i < word.length; i++) if (bytes[from + i] !== word.charCodeAt(i)) return unsure;
  return from + word.length;
}

/** A whole number; a fraction or an exponent after it is what the caller then stumbles over. */
function numberEnd(bytes: Buffer, from: number): number {
  const first = bytes[from] === minus ? from + 1 : from;
  let at = first;
  while (isDigit(bytes[at] as number)) at++;
  const digits = at - first;
  const leadingZero = digits > 1 && bytes[first] === zero;
  return digits === 0 || digits > maxDigits || leadingZero ? unsure : at;
}

function isNamed(bytes: Buffer, from: number, to: number, name: string): boolean {
  return to - from === name.length && wordEnd(bytes, from, name) === to;
}

/** A value within a text that is known to be plain JSON. */
function readValue(bytes: Buffer, text: string, start: number, end: number): unknown {
  const first = bytes[start] as number;
  if (first === quote) return text.slice(start + 1, end - 1);
  if (isDigit(first)) return wholeNumber(bytes, start, end);
  const rest = text.slice(start, end);
  if (first === openBracket) return readList(rest);
  // Words by themselves, since the parser costs ten times as much.
  return rest === 'true' || (rest !== 'false' && JSON.parse(rest));
}

/** The digits have been counted: `maxDigits` of them are exact. */
function wholeNumber(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + (bytes[at] as number) - zero;
  return value;
}

/** A list. That of the audiences is the same in token after token. */
const readList = remembering((text) => Object.freeze(JSON.parse(text) as readonly unknown[]));

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= nine;
}

function hashOf(name: string): number {
  let hash = 0;
  for (const byte of Buffer.from(name)) hash = (Math.imul(hash, 31) + byte) | 0;
  return hash;
}
