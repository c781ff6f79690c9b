import {
  type AccessPath,
  authorizedRoles,
  defaultActivation,
  formatPermission,
  parsePermission,
  permissionsOf,
  type Rbac,
  rolesThatWouldAllow,
  whoCan,
} from '@keyturn/policy/rbac';
import { isJsonObject, type Json, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import type { Frame } from '../../http/frame.ts';
import { describeUser, groupsFor, originsOf } from './describe.ts';
import { readNames } from './names.ts';
import type { RbacParts } from './parts.ts';
import { personOf, userKey } from './person.ts';
import type { RbacRuleRefusal } from './refusals.ts';
import { done, keyFrom, single, turnedDown, viewing } from './route-parts.ts';
import type { RbacTables } from './tables.ts';
import { keyOf } from './context.ts';

interface Asked {
  readonly operation: string;
  readonly object: string;
  readonly permission: string;
}

/** Reviews: who can do X to Y and by which path; and why somebody can or cannot. */
export function mountExplain(frame: Frame, parts: RbacParts): void {
  frame.route({
    method: 'GET',
    path: '/api/v1/rbac/who-can',
    action: () => viewing(parts, 'rbac.who-can.read'),
    handle: async ({ query }) => {
      const asked = readAsked(query);
      if (!asked.ok) return turnedDown(asked.refusal);
      const { rbac } = parts.keeper.current();
      const { operation, object } = asked.value;
      const names = await readNames(parts.store);
      const paths = whoCan(rbac, operation, object).map((path) => ({
        ...describeUser(path.user, names),
        ...describePath(path),
      }));
      const users = new Set(paths.map(({ issuer, user }) => userKey({ issuer, subject: user }))).size;
      return done({ permission: asked.value.permission, users, paths });
    },
  });
  frame.route({
    method: 'GET',
    path: '/api/v1/rbac/explain',
    // Everybody may ask about themselves.
    action: () => ({ kind: 'rbac.explain.read' }),
    handle: async ({ query, approved }) => {
      const asked = readAsked(query);
      const [user, issuer] = [single(query, 'user'), single(query, 'issuer')];
      if (!asked.ok) return turnedDown(asked.refusal);
      if (!user.ok) return turnedDown(user.refusal);
      if (!issuer.ok) return turnedDown(issuer.refusal);
      const { caller } = approved;
      const own = keyOf(caller.principal);
      const key = user.value === undefined ? own : keyFrom(parts, { user: user.value, issuer: issuer.value });
      if (key === undefined) return turnedDown({ why: 'no-subject' });
      const mayAskOfOthers = caller.roles.includes(parts.adminRole) || caller.permissions.allows('rbac.view');
      if (key !== own && !mayAskOfOthers) return turnedDown({ why: 'others' });
      return done(await explainAccess(parts, key, asked.value));
    },
  });
}

/** Which role, through which group or by whose hand, gives the permission; or what lacks, and what could give it. */
export async function explainAccess(parts: RbacParts, key: string, asked: Asked): Promise<JsonObject> {
  const { rbac, denials } = parts.keeper.current();
  const { operation, object, permission } = asked;
  const entry = rbac.users.get(key);
  const paths = whoCan(rbac, operation, object).filter(({ user }) => user === key);
  const would = rolesThatWouldAllow(rbac, operation, object);
  const row = await readSyncRow(parts, key);
  const { active, held } = defaultActivation(rbac, entry);
  const denied = [...(denials.get(key) ?? [])].filter(([role]) => would.includes(role));
  const refused = readRefused(row?.refused).filter((one) => would.some((role) => role === one['role']));
  const roles = authorizedRoles(rbac, key);
  return {
    ...describeUser(key, new Map(row?.name === undefined || row.name === null ? [] : [[key, row.name]])),
    permission,
    allowed: paths.length > 0,
    // In a session that has chosen nothing: what a dynamic separation-of-duty set holds back is not.
    active: permissionsOf(rbac, key, active).allows(operation, object),
    paths: paths.map(describePath),
    waiting_roles: [...held],
    roles: roles.ok ? [...roles.value] : [],
    would_allow: would.map((role) => ({ role, groups: [...groupsFor(parts, new Set([role]))] })),
    refused_by_sync: [...refused],
    taken_by_review: denied.map(([role, review]) => ({ role, review })),
    detail: sentenceFor(rbac, asked, key, paths, would),
  };
}

function sentenceFor(
  rbac: Rbac,
  { permission }: Asked,
  key: string,
  paths: readonly AccessPath[],
  would: readonly string[],
): string {
  const { subject } = personOf(key);
  const [path] = paths;
  if (path !== undefined) {
    const { grounds, roles } = path;
    const by = [
      ...(grounds.manual ? ['by hand'] : []),
      ...(grounds.synced ? [`through ${grounds.via.join(', ')}`] : []),
    ].join(' and ');
    return `${subject} may ${permission}: has the role ${roles[0] ?? ''} (${by})${roles.length > 1 ? `, which inherits it by ${roles.join(' → ')}` : ''}.`;
  }
  if (would.length === 0) return `${subject} may not ${permission}: no role has that permission.`;
  const none = rbac.users.get(key)?.assigned.size ?? 0;
  return `${subject} may not ${permission}: has ${none === 0 ? 'no role' : 'none'} of ${would.join(', ')}.`;
}

function describePath({ roles, permission, grounds }: AccessPath): {
  roles: Json[];
  granted: string;
  origin: Json[];
  groups: Json[];
} {
  return {
    roles: [...roles],
    granted: permission,
    origin: originsOf(grounds.manual, grounds.synced),
    groups: [...grounds.via],
  };
}

function readAsked(query: Readonly<Record<string, unknown>>): Result<Asked, RbacRuleRefusal> {
  const [permission, object] = [single(query, 'permission'), single(query, 'object')];
  if (!permission.ok) return permission;
  if (!object.ok) return object;
  const text = permission.value;
  const parsed = parsePermission(object.value === undefined ? (text ?? '') : `${text ?? ''}@${object.value}`);
  if (!parsed.ok) {
    return refuse({ why: 'bad-query', field: 'query.permission', message: 'say domain.action, as in content.publish' });
  }
  return ok({ ...parsed.value, permission: formatPermission(parsed.value) });
}

async function readSyncRow(parts: RbacParts, key: string) {
  const { issuer, subject } = personOf(key);
  return parts.store.db
    .withTables<RbacTables>()
    .selectFrom('rbac_user')
    .select(['name', 'refused'])
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst();
}

/** What the last sync has written. */
function readRefused(json: string | null | undefined): readonly JsonObject[] {
  const value: unknown = json === null || json === undefined ? [] : JSON.parse(json);
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
