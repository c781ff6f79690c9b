import { isDeepStrictEqual } from 'node:util';
import type { Assignment, FoundFault, Place } from './place.ts';

/** All sources put together, still to be judged by the schema. */
export interface MergedSettings {
  readonly value: unknown;
  /** By dotted path of each value given. */
  readonly origins: ReadonlyMap<string, Place>;
}

type Tree = Map<string, unknown>;

/** Later assignments win, member by member; an object from one source is filled up by another. */
export function mergeAssignments(assignments: readonly Assignment[]): MergedSettings {
  const root: Tree = new Map();
  const origins = new Map<string, Place>();
  for (const { path, value, origin } of assignments.flatMap(spread)) {
    const last = path.at(-1);
    if (last === undefined) continue;
    const parent = path.slice(0, -1).reduce(branch, root);
    if (value !== section) parent.set(last, value);
    else branch(parent, last);
    origins.set(path.join('.'), origin);
  }
  return { value: toObject(root), origins };
}

/**
 * Two names of one rank that set one setting to different values: nobody can know which was meant. Names both, and
 * neither value.
 */
export function findConflicts(assignments: readonly Assignment[]): readonly FoundFault[] {
  const faults: FoundFault[] = [];
  const first = new Map<string, Assignment>();
  for (const assignment of assignments.flatMap(spread)) {
    const path = assignment.path.join('.');
    const other = first.get(path);
    if (other === undefined) first.set(path, assignment);
    else if (!isDeepStrictEqual(other.value, assignment.value)) {
      const names = [other, assignment].map(({ origin }) => ('name' in origin ? origin.name : origin.from));
      faults.push({
        path,
        origin: assignment.origin,
        message: `${names.join(' and ')} set it to different values`,
        remedy: 'unset one of them',
      });
    }
  }
  return faults;
}

/** Stands for an object whose members are assignments of their own. */
const section = Symbol('section');

function spread(assignment: Assignment): readonly Assignment[] {
  const { path, value, origin } = assignment;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [assignment];
  return [
    { path, value: section, origin },
    ...Object.entries(value).flatMap(([name, member]) => spread({ path: [...path, name], value: member, origin })),
  ];
}

function branch(tree: Tree, name: string): Tree {
  const existing = tree.get(name);
  if (existing instanceof Map) return existing;
  const made: Tree = new Map();
  tree.set(name, made);
  return made;
}

/** `fromEntries` defines members rather than assigning them, so that one called `__proto__` stays a member. */
function toObject(tree: Tree): unknown {
  return Object.fromEntries([...tree].map(([name, value]) => [name, value instanceof Map ? toObject(value) : value]));
}
