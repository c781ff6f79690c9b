import type { Client, Role } from '../model/index.ts';
import type { ClaimContext, ClaimMapper } from './context.ts';
import { putClaim } from './put-claim.ts';

/** `oidc-usermodel-realm-role-mapper`: names of realm roles. */
export const realmRoles: ClaimMapper = ({ roles }, config, claims) => {
  const prefix = config['usermodel.realmRoleMapping.rolePrefix'] ?? '';
  const names = roles.filter((role) => role.clientUuid === undefined).map((role) => prefix + role.name);
  if (names.length > 0) putClaim(claims, { multivalued: 'true', ...config }, names);
};

/** `oidc-usermodel-client-role-mapper`: names of client roles, of one client or of each under `${client_id}`. */
export const clientRoles: ClaimMapper = (context, config, claims) => {
  const prefix = config['usermodel.clientRoleMapping.rolePrefix'] ?? '';
  const only = config['usermodel.clientRoleMapping.clientId'];
  const claim = config['claim.name'] ?? '';
  const listed = new Map<string, string[]>();
  for (const [clientId, names] of rolesByClient(context)) {
    if (only !== undefined && only !== '' && only !== clientId) continue;
    const name = claim.replaceAll('${client_id}', clientId.replaceAll('.', '\\.'));
    listed.set(name, [...(listed.get(name) ?? []), ...names.map((it) => prefix + it)]);
  }
  for (const [name, names] of listed) putClaim(claims, { multivalued: 'true', ...config }, names, name);
};

/** `oidc-audience-resolve-mapper`: every client of which the token carries roles is an audience. */
export const audienceResolve: ClaimMapper = (context, _config, claims) => {
  for (const [clientId] of rolesByClient(context)) {
    if (clientId !== context.client.clientId) addAudience(claims, clientId);
  }
};

/** `oidc-audience-mapper`: a client or, if none is named, a free text as audience. */
export const audience: ClaimMapper = (_context, config, claims) => {
  const client = config['included.client.audience'];
  const named = client === undefined || client === '' ? config['included.custom.audience'] : client;
  if (named !== undefined && named !== '') addAudience(claims, named);
};

/** `oidc-hardcoded-role-mapper` names a role that the token carries whether or not the user has it; see `withHardcodedRoles`. */
export function hardcodedRole(context: Pick<ClaimContext, 'state' | 'realm'>, name: string): Role | undefined {
  const { state, realm } = context;
  const asRealmRole = state.roles.one(realm.id, 'realmName', name);
  if (asRealmRole !== undefined) return asRealmRole;
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const client = state.clients.one(realm.id, 'clientId', name.slice(0, dot));
    const role = client && state.roles.one(realm.id, 'clientName', `${client.id} ${name.slice(dot + 1)}`);
    if (role !== undefined) return role;
  }
  return undefined;
}

/** `aud` is kept as a list while claims are collected. */
export function addAudience(claims: { aud?: unknown }, name: string): void {
  const now = Array.isArray(claims.aud) ? (claims.aud as readonly string[]) : [];
  if (!now.includes(name)) claims.aud = [...now, name];
}

function rolesByClient({ roles, state }: ClaimContext): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const role of roles) {
    const client: Client | undefined = role.clientUuid === undefined ? undefined : state.clients.get(role.clientUuid);
    if (client === undefined) continue;
    const names = found.get(client.clientId);
    if (names === undefined) found.set(client.clientId, [role.name]);
    else names.push(role.name);
  }
  return found;
}
