import { hash } from 'node:crypto';

/** Eight hex digits that stand for a longer text. */
function tail(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 8);
}

function tailed(name: string, source: string): string {
  return `${name.slice(0, 55)}_${tail(source)}`;
}

/** What an operation is called where it cannot have its plain name: `list_0c4a1f9e`. */
export function tailedName(plain: string, { method, path }: Pick<NamedOperation, 'method' | 'path'>): string {
  return tailed(plain, `${method} ${path}`);
}

/** One operation as far as naming goes. */
export interface NamedOperation {
  readonly method: string;
  readonly path: string;
  readonly given: string | undefined;
}

/**
 * A name for each operation: its operationId with whatever could not stand in an id replaced by `_`, or one made of
 * method and path. A name that is longer than 200 letters or that several would have gets a hashed tail of method and path for each of them, so that
 * names depend neither on the order of the document nor on what else is in it.
 */
export function nameOperations(operations: readonly NamedOperation[]): readonly string[] {
  const plain = operations.map(({ method, path, given }) => {
    const name = given?.trim().replaceAll(/[^A-Za-z0-9_.\-/]+/g, '_') ?? '';
    return /[A-Za-z0-9]/.test(name) ? name : nameByPath(method, path);
  });
  return withTails(
    plain,
    operations.map(({ method, path }) => `${method} ${path}`),
    (name) => (name.length > maxName ? undefined : name),
  );
}

/** The longest name of an operation: it stands in addresses and in the ids of tools, which have limits of their own. */
const maxName = 200;

/** `get /users/{id}/orders` is `get_users_id_orders`. */
function nameByPath(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return [method.toLowerCase(), ...words].join('_');
}

/**
 * MCP names: `slug__operation` within `[A-Za-z0-9_-]{1,64}`. A name that is too long, that others would share, or that
 * another source and operation could join to as well, ends in a hash of the id.
 */
export function nameForMcp(sourceSlug: string, operations: readonly string[]): readonly string[] {
  const ids = operations.map((operation) => `${sourceSlug}/${operation}`);
  const plain = operations.map((operation) => `${sourceSlug}__${operation}`.replaceAll(/[^A-Za-z0-9_-]/g, '_'));
  const unclear = (index: number) =>
    sourceSlug.includes('__') || sourceSlug.endsWith('_') || (operations[index] ?? '').startsWith('_');
  return withTails(plain, ids, (name, index) => (name.length > 64 || unclear(index) ? undefined : name));
}

function withTails(
  plain: readonly string[],
  sources: readonly string[],
  accept: (name: string, index: number) => string | undefined,
): readonly string[] {
  const count = new Map<string, number>();
  for (const name of plain) count.set(name, (count.get(name) ?? 0) + 1);
  return plain.map((name, index) => {
    const accepted = count.get(name) === 1 ? accept(name, index) : undefined;
    return accepted ?? tailed(name, sources[index] ?? name);
  });
}
