import type { Json } from '@keyturn/protocol';
import type { ProtocolMapper } from '../model/index.ts';
import type { MutableClaims } from './context.ts';

/**
 * Puts a value under the mapper's `claim.name`, converted to its `jsonType.label`. Dots nest, `\.` is a dot. Several
 * values stay a list only if the mapper is multivalued; an absent or empty value leaves no claim.
 */
export function putClaim(
  claims: MutableClaims,
  config: ProtocolMapper['config'],
  value: Json | undefined,
  name?: string,
): void {
  const claim = name ?? config['claim.name'];
  if (claim === undefined || claim === '') return;
  const converted = convert(value, config['multivalued'] === 'true', config['jsonType.label']);
  if (converted === undefined) return;
  const path = claim.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.'));
  let place = claims;
  for (const part of path.slice(0, -1)) {
    const next = own(place, part);
    if (typeof next === 'object' && next !== null && !Array.isArray(next)) {
      // Objects in claims are built here and by no one else, so they may be filled further.
      place = next as MutableClaims;
    } else {
      const made: MutableClaims = {};
      define(place, part, made);
      place = made;
    }
  }
  define(place, path.at(-1) ?? claim, converted);
}

// Claim names are an administrator's free text: `__proto__` must become a member like any other.
function define(place: MutableClaims, name: string, value: Json): void {
  Object.defineProperty(place, name, { value, enumerable: true, writable: true, configurable: true });
}

function own(place: MutableClaims, name: string): Json | undefined {
  return Object.hasOwn(place, name) ? place[name] : undefined;
}

function convert(value: Json | undefined, multivalued: boolean, type: string | undefined): Json | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) {
    const one = convertOne(value, type);
    return multivalued && one !== undefined ? [one] : one;
  }
  const all = value.flatMap((one: Json) => convertOne(one, type) ?? []);
  if (all.length === 0) return undefined;
  return multivalued ? all : all[0];
}

function convertOne(value: Json, type: string | undefined): Json | undefined {
  if (typeof value !== 'string') return value;
  switch (type) {
    case 'boolean':
      return value.toLowerCase() === 'true';
    case 'int':
    case 'long':
      return /^-?\d+$/.test(value) ? Number(value) : undefined;
    case 'JSON':
      return parseJson(value);
    default:
      return value;
  }
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
