import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';

/** Methods that a path item has a member of its own for. */
const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'] as const;
const ownMember: ReadonlySet<string> = new Set(methods);

export interface GivenOperation {
  /** In capitals. */
  readonly method: string;
  /** Where it stands in its path item. */
  readonly at: readonly string[];
  readonly operation: Json;
}

/** The operations of a path item, those of OpenAPI 3.2's `additionalOperations` (§4.10) last. */
export function operationsOf(item: JsonObject): readonly GivenOperation[] {
  const found: GivenOperation[] = [];
  for (const method of methods) {
    const operation = item[method];
    if (operation !== undefined) found.push({ method: method.toUpperCase(), at: [method], operation });
  }
  const more = isJsonObject(item['additionalOperations']) ? item['additionalOperations'] : {};
  for (const [method, operation] of Object.entries(more)) {
    if (operation === undefined || !/^[A-Z][A-Z-]{0,30}$/.test(method)) continue;
    // A method that has a member of its own must not be here, and would be the same operation twice.
    if (!ownMember.has(method.toLowerCase())) found.push({ method, at: ['additionalOperations', method], operation });
  }
  return found;
}
