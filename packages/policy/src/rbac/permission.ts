import { ok, type Result, refuse } from '@keyturn/protocol';

/**
 * A permission: an operation on an object, as ANSI INCITS 359 has it. The operation is `domain.action`, where either may
 * be `*`; `*` alone is every operation. The object is a name such as `tool:pizzeria/order`; one that ends in `*` stands
 * for all that begin so, and `*` alone, which is meant where none is given, for all.
 */
export interface Permission {
  readonly operation: string;
  readonly object: string;
}

export type PermissionFault = { readonly why: 'malformed-permission'; readonly text: string };

const word = '[a-z0-9][a-z0-9_-]{0,63}';
const operationForm = new RegExp(`^(?:\\*|(?:\\*|${word})\\.(?:\\*|${word}))$`);
const exactOperationForm = new RegExp(`^${word}\\.${word}$`);
// Printable ASCII without blank, comma, `@` and quotes, so that a permission can stand in a header and in a list. A
// star stands at the end or not at all.
const objectForm =
  /^(?=.{1,256}$)(?:[!#$%&()+\-./0-9:;<=>?A-Z[\]^_a-z{|}~]*\*|[!#$%&()+\-./0-9:;<=>?A-Z[\]^_a-z{|}~]+)$/;

/** `content.publish`, `tool.call@tool:pizzeria/*`, `content.*`, `*`. */
export function parsePermission(text: string): Result<Permission, PermissionFault> {
  const at = text.indexOf('@');
  const operation = at === -1 ? text : text.slice(0, at);
  const object = at === -1 ? '*' : text.slice(at + 1);
  if (!operationForm.test(operation) || !objectForm.test(object)) return refuse({ why: 'malformed-permission', text });
  return ok({ operation: operation === '*.*' ? '*' : operation, object });
}

/** Whether this can be asked for: an operation without a wildcard. */
export function isOperation(text: string): boolean {
  return exactOperationForm.test(text);
}

/** The text that `parsePermission` reads; equal permissions have equal texts. */
export function formatPermission({ operation, object }: Permission): string {
  return object === '*' ? operation : `${operation}@${object}`;
}

/** Whether a granted operation, which may have wildcards, covers one that is asked for. */
export function coversOperation(granted: string, asked: string): boolean {
  if (granted === '*' || granted === asked) return true;
  const dot = granted.indexOf('.');
  const askedDot = asked.indexOf('.');
  const fits = (one: string, other: string): boolean => one === '*' || one === other;
  return (
    dot !== -1 &&
    askedDot !== -1 &&
    fits(granted.slice(0, dot), asked.slice(0, askedDot)) &&
    fits(granted.slice(dot + 1), asked.slice(askedDot + 1))
  );
}

/** Whether a granted object covers one that is asked for; `*` is asked for by whoever wants all objects. */
export function coversObject(granted: string, asked: string): boolean {
  if (granted === '*' || granted === asked) return true;
  return granted.endsWith('*') && asked.startsWith(granted.slice(0, -1));
}

/** Whether all that the second gives is given by the first. */
export function coversPermission(granted: Permission, asked: Permission): boolean {
  return coversOperation(granted.operation, asked.operation) && coversObject(granted.object, asked.object);
}
