import { nearestName } from '../nearest-name.ts';

/** A remedy for a name that nobody knows. */
export function suggestion(name: string, known: Iterable<string>, spell = (found: string): string => found): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? 'remove it' : `did you mean ${spell(nearest)}?`;
}
