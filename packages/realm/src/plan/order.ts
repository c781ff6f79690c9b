import { type ObjectRef, objectTypes } from '../model/objects.ts';

/** Sorts what is written: a thing comes after what it refers to. Deleting goes the other way. */
export function byDependency(a: ObjectRef, b: ObjectRef): number {
  const rank = objectTypes.indexOf(a.type) - objectTypes.indexOf(b.type);
  // A group's path is shorter than those below it; otherwise the file's order stands.
  return rank !== 0 ? rank : a.type === 'group' ? depth(a) - depth(b) : 0;
}

const depth = ({ name }: ObjectRef): number => (name[0] ?? '').split('/').length;
