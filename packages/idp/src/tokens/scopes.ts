import { ok, parseScopes, type Result, refuse } from '@keyturn/protocol';
import { type Client, type ClientScope, expandRoles, type IdpState, type Role, type User } from '../model/index.ts';

/** The client scopes that a request has, and what their names come to in `scope`. */
export interface GrantedScopes {
  readonly scopes: readonly ClientScope[];
  readonly openid: boolean;
  /** Whether `offline_access` is among them. */
  readonly offline: boolean;
  /** The `scope` of the answer and of access tokens: names of scopes that show themselves there, `openid` first. */
  readonly text: string;
  /** The `scope` of refresh tokens: all names. */
  readonly allNames: string;
}

/**
 * Which client scopes a `scope` parameter brings: the client's default ones always, optional ones by name. Names that
 * the client has not refuse the whole request. A scope with role mappings is left out for users without such a role.
 */
export function grantScopes(
  state: IdpState,
  client: Client,
  parameter: string | undefined,
  user?: User,
  roles?: ReadonlyMap<string, Role>,
): Result<GrantedScopes, { readonly why: 'invalid-scope'; readonly scope: string }> {
  const asked = parseScopes(parameter);
  const resolve = (ids: readonly string[]): ClientScope[] =>
    ids.flatMap((id) => state.scopes.get(id) ?? []).filter((scope) => scope.protocol === client.protocol);
  const optional = resolve(client.optionalScopeIds);
  const defaults = resolve(client.defaultScopeIds);
  const known = new Set(['openid', ...optional.map((it) => it.name), ...defaults.map((it) => it.name)]);
  if (asked.some((name) => !known.has(name))) return refuse({ why: 'invalid-scope', scope: parameter ?? '' });
  const all = [...defaults, ...optional.filter((scope) => asked.includes(scope.name))];
  const scopes = user === undefined ? all : all.filter((scope) => isPermitted(state, scope, roles ?? new Map()));
  const openid = asked.includes('openid');
  const names = scopes.map((it) => it.name);
  const shown = scopes.filter((it) => it.attributes['include.in.token.scope'] !== 'false').map(nameInToken);
  return ok({
    scopes,
    openid,
    offline: names.includes('offline_access'),
    text: [...(openid ? ['openid'] : []), ...shown].join(' '),
    allNames: [...(openid ? ['openid'] : []), ...names].join(' '),
  });
}

function nameInToken(scope: ClientScope): string {
  return scope.name;
}

function isPermitted(state: IdpState, scope: ClientScope, roles: ReadonlyMap<string, Role>): boolean {
  if (scope.scopeRoleIds.length === 0) return true;
  return [...expandRoles(state, scope.scopeRoleIds).keys()].some((id) => roles.has(id));
}

/**
 * The user's roles that a token of this client may carry: all with full scope; else those that the client owns or that
 * it and its scopes are mapped to, with all that these include.
 */
export function rolesInScope(
  state: IdpState,
  client: Client,
  scopes: readonly ClientScope[],
  roles: ReadonlyMap<string, Role>,
): readonly Role[] {
  if (client.fullScopeAllowed) return [...roles.values()];
  const own = state.roles.by(client.realmId, 'client', client.id).map((role) => role.id);
  const mapped = expandRoles(state, [...own, ...client.scopeRoleIds, ...scopes.flatMap((it) => it.scopeRoleIds)]);
  return [...roles.values()].filter((role) => mapped.has(role.id));
}
