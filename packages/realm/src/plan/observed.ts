import type { ObservedObject } from '../model/objects.ts';
import type { Ownership } from './ownership.ts';

/** What the server has: by key, as far as it was asked for. */
export interface Observed {
  /** False: there is no such realm, and everything else is empty. */
  readonly exists: boolean;
  readonly objects: ReadonlyMap<string, ObservedObject>;
  readonly ownership: Ownership;
}
