import { coversOperation, coversPermission, formatPermission, type Permission } from './permission.ts';

/** What somebody may do, made ready to be asked often: an answer costs one look-up by operation and one by object. */
export interface PermissionSet {
  /**
   * Whether the operation is permitted on the object; on all objects if none is named. An operation with a wildcard is
   * permitted only if one that covers it is granted.
   */
  readonly allows: (operation: string, object?: string) => boolean;
  /** Without those that others cover, in the order of their texts. */
  readonly list: readonly Permission[];
  /** The same as texts: `content.publish`, `tool.call@tool:pizzeria/*`. */
  readonly texts: readonly string[];
}

interface ObjectsOf {
  readonly all: boolean;
  readonly exact: ReadonlySet<string>;
  readonly beginnings: readonly string[];
}

/** Operations are named by programs, which know a few hundred; whoever sends others on must not fill the memory. */
const remembered = 1024;

/** Compiles permissions, in any order and with repetitions. */
export function buildPermissionSet(permissions: Iterable<Permission>): PermissionSet {
  const unique = new Map([...permissions].map((permission) => [formatPermission(permission), permission]));
  const list = withoutCovered(unique);
  const texts = list.map(formatPermission);
  const byOperation = new Map<string, ObjectsOf>();
  return {
    list,
    texts,
    allows(operation, object = '*') {
      let objects = byOperation.get(operation);
      if (objects === undefined) {
        objects = objectsOf(list, operation);
        if (byOperation.size >= remembered) byOperation.clear();
        byOperation.set(operation, objects);
      }
      if (objects.all || objects.exact.has(object)) return true;
      for (const beginning of objects.beginnings) if (object.startsWith(beginning)) return true;
      return false;
    },
  };
}

function objectsOf(list: readonly Permission[], operation: string): ObjectsOf {
  const objects = list.filter((granted) => coversOperation(granted.operation, operation)).map(({ object }) => object);
  return {
    all: objects.includes('*'),
    exact: new Set(objects),
    beginnings: objects.filter((object) => object.endsWith('*')).map((object) => object.slice(0, -1)),
  };
}

/** Wildcards are few; only they can cover another. */
function withoutCovered(unique: ReadonlyMap<string, Permission>): readonly Permission[] {
  const wide = [...unique.values()].filter(({ operation, object }) => operation.includes('*') || object.endsWith('*'));
  return [...unique]
    .filter(([text, one]) => !wide.some((other) => formatPermission(other) !== text && coversPermission(other, one)))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, permission]) => permission);
}
