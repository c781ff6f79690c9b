import type { IncomingMessage, ServerResponse } from 'node:http';
import { isOperation, parsePermission } from './permission.ts';
import { buildPermissionSet, type PermissionSet } from './permission-set.ts';

/** A middleware for Node's own server, Express, Connect, and whatever else calls `(request, response, next)`. */
export type PermissionMiddleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

export interface RequirePermissionOptions {
  /** The object that the operation is done to; without one the permission must hold for all objects. */
  readonly object?: string | ((request: IncomingMessage) => string);
  /** The header that the edge sets. Default: x-keyturn-permissions. */
  readonly header?: string;
}

/** The mark that the edge puts at the end where not all permissions fitted into the header. */
const more = '!more';

/** Headers that are remembered parsed: one for each set of permissions that comes by. */
const remembered = 256;

/**
 * Lets requests pass whose caller has the permission, `requirePermission('content.publish')`, and answers the others with
 * 403 and a problem body. For services behind Keyturn's edge, which writes `x-keyturn-permissions` in place of whatever
 * the client sent: a service that clients can reach by another way must not use it. A request without the header did not
 * come through the edge, and is refused.
 */
export function requirePermission(permission: string, options: RequirePermissionOptions = {}): PermissionMiddleware {
  if (!isOperation(permission))
    throw new TypeError(`${JSON.stringify(permission)} is no permission: say domain.action`);
  const { object, header = 'x-keyturn-permissions' } = options;
  const sets = new Map<string, PermissionSet>();
  const setOf = (text: string): PermissionSet => {
    const known = sets.get(text);
    if (known !== undefined) return known;
    const made = permissionsOfHeader(text);
    if (sets.size >= remembered) sets.clear();
    sets.set(text, made);
    return made;
  };
  return (request, response, next) => {
    const value = request.headers[header.toLowerCase()];
    const text = Array.isArray(value) ? value.join(',') : value;
    const on = typeof object === 'function' ? object(request) : object;
    if (text !== undefined && setOf(text).allows(permission, on)) {
      next();
      return;
    }
    const needed = on === undefined ? permission : `${permission}@${on}`;
    const why =
      text === undefined
        ? `The request has no ${header} header, so it did not come through the edge.`
        : text.endsWith(more)
          ? 'The caller has more permissions than fit into a header; GET /api/v1/me of Keyturn lists all.'
          : 'The caller does not have it.';
    response.statusCode = 403;
    response.setHeader('content-type', 'application/problem+json');
    response.setHeader('cache-control', 'no-store');
    response.end(
      JSON.stringify({
        type: 'about:blank',
        title: 'You may not do this',
        status: 403,
        detail: `This needs the permission ${needed}. ${why}`,
        code: 'forbidden',
        required_permission: needed,
      }),
    );
  };
}

/** What the edge says of a caller. What in the header is no permission gives none. */
export function permissionsOfHeader(text: string): PermissionSet {
  return buildPermissionSet(
    text.split(',').flatMap((one) => {
      const parsed = parsePermission(one.trim());
      return parsed.ok ? [parsed.value] : [];
    }),
  );
}
