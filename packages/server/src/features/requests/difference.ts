import { canonicalise } from '@keyturn/policy';
import { isJsonObject, type Json } from '@keyturn/protocol';
import type { ArgumentChange } from './request.ts';

/** What is different between two sets of arguments: one entry a place, by JSON Pointer (RFC 6901). Lists are one place. */
export function differenceOf(from: Json, to: Json, at = ''): readonly ArgumentChange[] {
  if (isJsonObject(from) && isJsonObject(to)) {
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
    return names.flatMap((name): readonly ArgumentChange[] => {
      const place = `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      const [before, after] = [ownOf(from, name), ownOf(to, name)];
      if (before === undefined) return after === undefined ? [] : [{ at: place, to: after }];
      if (after === undefined) return [{ at: place, from: before }];
      return differenceOf(before, after, place);
    });
  }
  return canonicalise(from) === canonicalise(to) ? [] : [{ at, from, to }];
}

function ownOf(object: { readonly [name: string]: Json | undefined }, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
