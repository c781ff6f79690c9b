import type { JsonObject } from '@keyturn/protocol';
import type { Io } from '../io.ts';
import { ask, listOf, objectsIn, textOf, textsIn } from '../ask.ts';
import { formatTable } from '../table.ts';
import type { ServerFlags } from '../ask.ts';
import type { WhoFlags } from './flags.ts';

/** `keyturn rbac explain PERMISSION` */
export async function runExplain(io: Io, permission: string, flags: WhoFlags): Promise<void> {
  const { body } = await ask(io, flags, 'GET', `/rbac/explain?${queryOf(permission, flags)}`);
  if (flags.json === true) {
    io.print(JSON.stringify(body, null, 2));
    return;
  }
  io.print(textOf(body['detail']));
  for (const path of objectsIn(body['paths'])) io.print(`  ${describePath(path)}`);
  if (body['allowed'] === true && body['active'] === false) {
    io.print(
      `  Not active: ${textsIn(body['waiting_roles']).join(', ')} may not be active at once. keyturn rbac activate ROLE chooses.`,
    );
  }
  if (body['allowed'] === true) return;
  for (const role of objectsIn(body['would_allow'])) {
    const groups = textsIn(role['groups']);
    io.print(`  ${textOf(role['role'])} would${groups.length === 0 ? '' : `, by the groups ${groups.join(', ')}`}`);
  }
  for (const refused of objectsIn(body['refused_by_sync'])) io.print(`  refused: ${textOf(refused['detail'])}`);
  for (const taken of objectsIn(body['taken_by_review'])) {
    io.print(`  taken away: ${textOf(taken['role'])}, by the access review ${textOf(taken['review'])}`);
  }
}

/** `keyturn rbac who-can PERMISSION` */
export async function runWhoCan(io: Io, permission: string, flags: WhoFlags): Promise<void> {
  const { body } = await ask(io, flags, 'GET', `/rbac/who-can?${queryOf(permission, flags)}`);
  if (flags.json === true) {
    io.print(JSON.stringify(body, null, 2));
    return;
  }
  const paths = objectsIn(body['paths']);
  if (paths.length === 0) io.complain(`Nobody may ${textOf(body['permission'])}.`);
  else
    io.print(
      formatTable([
        ['USER', 'NAME', 'BY'],
        ...paths.map((path) => [textOf(path['user']), textOf(path['name']), describePath(path)]),
      ]),
    );
}

/** `keyturn rbac me` */
export async function runMe(io: Io, flags: ServerFlags): Promise<void> {
  const { body } = await ask(io, flags, 'GET', '/me');
  if (flags.json === true) {
    io.print(JSON.stringify(body, null, 2));
    return;
  }
  const session = objectsIn([body['session'] ?? null])[0];
  io.print(`${textOf(body['identity'])}: ${textOf(body['primary_role']) || 'no role of Keyturn’s'}`);
  io.print(`roles        ${textsIn(body['user_roles']).join(', ')}`);
  io.print(`permissions  ${textsIn(body['user_permissions']).join(', ')}`);
  const waiting = textsIn(session?.['waiting_roles']);
  if (waiting.length > 0) io.print(`waiting      ${waiting.join(', ')} (keyturn rbac activate ROLE)`);
}

/** `keyturn rbac roles` */
export async function runRoles(io: Io, flags: ServerFlags): Promise<void> {
  const roles = listOf(await ask(io, flags, 'GET', '/rbac/roles'));
  if (flags.json === true) io.print(JSON.stringify(roles, null, 2));
  else if (roles.length === 0) io.complain('There are no roles. keyturn rbac apply -f rbac.yaml makes them.');
  else {
    const rows = roles.map((role) => [
      textOf(role['name']),
      textOf(role['tier']),
      textsIn(role['inherits']).join(', '),
      textsIn(role['permissions']).join(', '),
    ]);
    io.print(formatTable([['ROLE', 'TIER', 'INHERITS', 'PERMISSIONS'], ...rows]));
  }
}

/** `keyturn rbac assign USER ROLE` */
export async function runAssign(io: Io, user: string, role: string, flags: ServerFlags): Promise<void> {
  await ask(io, flags, 'POST', '/rbac/assignments', { user, role });
  io.complain(`${user} has ${role}`);
}

/** `keyturn rbac deassign USER ROLE` */
export async function runDeassign(io: Io, user: string, role: string, flags: ServerFlags): Promise<void> {
  await ask(io, flags, 'DELETE', `/rbac/assignments/${encodeURIComponent(user)}/${encodeURIComponent(role)}`);
  io.complain(`${user} no longer has ${role} by hand`);
}

/** `keyturn rbac activate ROLE` */
export async function runActivate(io: Io, role: string, flags: ServerFlags): Promise<void> {
  await ask(io, flags, 'POST', '/me/active-roles', { role });
  io.complain(`${role} is active`);
}

/** `keyturn rbac drop ROLE` */
export async function runDrop(io: Io, role: string, flags: ServerFlags): Promise<void> {
  await ask(io, flags, 'DELETE', `/me/active-roles/${encodeURIComponent(role)}`);
  io.complain(`${role} is not active`);
}

function queryOf(permission: string, { user, object }: WhoFlags): string {
  const query = new URLSearchParams({ permission });
  if (user !== undefined) query.set('user', user);
  if (object !== undefined) query.set('object', object);
  return query.toString();
}

function describePath(path: JsonObject): string {
  const groups = textsIn(path['groups']);
  const origins = textsIn(path['origin']).map((origin) =>
    origin === 'groups' ? `by ${groups.join(', ')}` : 'by hand',
  );
  return `${textsIn(path['roles']).join(' → ')} (${origins.join(' and ')}): ${textOf(path['granted'])}`;
}
