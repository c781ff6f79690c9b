/** Operations that are meant: those to which every member given applies. */
export interface OperationSelector {
  /** Any of these tags. */
  readonly tags?: readonly string[];
  /** Any of these methods, in any case. */
  readonly methods?: readonly string[];
  /** Any of these paths; `*` stands for anything within a segment, `**` for anything. */
  readonly paths?: readonly string[];
  /** Any of these operation ids; `*` stands for anything. */
  readonly operations?: readonly string[];
}

export interface Selectable {
  readonly tags: readonly string[];
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
}

/** Whether a selector means an operation. A selector without members means every one. */
export function selects(selector: OperationSelector, operation: Selectable): boolean {
  const { tags, methods, paths, operations } = selector;
  return (
    (tags === undefined || tags.some((tag) => operation.tags.includes(tag))) &&
    (methods === undefined || methods.some((method) => method.toUpperCase() === operation.method)) &&
    (paths === undefined || paths.some((pattern) => glob(pattern, '[^/]*').test(operation.path))) &&
    (operations === undefined || operations.some((pattern) => glob(pattern, '.*').test(operation.operationId)))
  );
}

function glob(pattern: string, star: string): RegExp {
  const parts = pattern.split(/(\*+)/).map((part) => {
    if (part.startsWith('*')) return part.length > 1 ? '.*' : star;
    return part.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`, 's');
}
