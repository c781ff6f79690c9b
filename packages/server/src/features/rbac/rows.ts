import { type Grounds, loadRbac, type Rbac, type RbacChange } from '@keyturn/policy/rbac';
import { ok, type Result, unreachable } from '@keyturn/protocol';
import type { Store, Tx } from '@keyturn/store';
import { personOf, userKey } from './person.ts';
import type { Delta, RbacState } from './state.ts';
import type { AssignmentRow, RbacTables } from './tables.ts';

/** Reads everything. Refuses rows that break what the model promises, with a sentence. */
export async function readState(from: Pick<Store, 'db'> | Tx): Promise<Result<RbacState, string>> {
  const db = tablesOf(from);
  const [roles, grants, inheritance, sets, members, users, assignments, sessions, denied] = [
    await db.selectFrom('rbac_role').selectAll().execute(),
    await db.selectFrom('rbac_grant').selectAll().execute(),
    await db.selectFrom('rbac_inheritance').selectAll().execute(),
    await db.selectFrom('rbac_set').selectAll().execute(),
    await db.selectFrom('rbac_set_role').selectAll().execute(),
    await db.selectFrom('rbac_user').select(['issuer', 'subject']).execute(),
    await db.selectFrom('rbac_assignment').selectAll().execute(),
    await db.selectFrom('rbac_session').selectAll().execute(),
    await db.selectFrom('rbac_denial').selectAll().execute(),
  ];
  const rolesOf = Map.groupBy(members, ({ kind, name }) => `${kind} ${name}`);
  const setsOf = (kind: string) =>
    sets
      .filter((set) => set.kind === kind)
      .map(({ name, cardinality }) => {
        const own = rolesOf.get(`${kind} ${name}`) ?? [];
        return [name, own.map(({ role }) => role), cardinality] as const;
      });
  const loaded = loadRbac({
    roles: roles.map(({ name, description, tier, staff, superuser }) => [
      name,
      { description, tier, staff: staff === 1, superuser: superuser === 1 },
    ]),
    grants: grants.map(({ role, permission }) => [role, permission]),
    inheritance: inheritance.map(({ senior, junior }) => [senior, junior]),
    ssd: setsOf('ssd'),
    dsd: setsOf('dsd'),
    users: users.map(userKey),
    assignments: assignments.map((row) => [userKey(row), row.role, groundsOf(row)]),
    sessions: sessions.map((row) => [row.id, userKey(row), readTexts(row.roles)]),
  });
  if (!loaded.ok) return loaded;
  const denials = new Map<string, Map<string, string>>();
  for (const row of denied) {
    const key = userKey(row);
    denials.set(key, (denials.get(key) ?? new Map<string, string>()).set(row.role, row.review));
  }
  return ok({ rbac: loaded.value, denials });
}

/** Why somebody has a role, as rows keep it. */
export function groundsOf(row: { readonly manual: number; readonly synced: number; readonly via: string }): Grounds {
  return { manual: row.manual === 1, synced: row.synced === 1, via: readTexts(row.via) };
}

/** A list of texts that this feature has written as JSON. */
export function readTexts(json: string): readonly string[] {
  const value: unknown = JSON.parse(json);
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}

/** Writes what a delta has made of one state into the rows: each thing that it touches, as it is now. */
export async function writeDelta(tx: Tx, delta: Delta, before: Rbac, after: Rbac): Promise<void> {
  const db = tablesOf(tx);
  for (const change of delta.changes) await writeChange(db, change, after);
  await writeUsers(db, delta, after);
  await writeAssignments(db, delta, after);
  for (const { user, role, review } of delta.denied ?? []) {
    await db
      .insertInto('rbac_denial')
      .values({ ...personOf(user), role, review })
      .onConflict((conflict) => conflict.columns(['issuer', 'subject', 'role']).doUpdateSet({ review }))
      .execute();
  }
  for (const { user, role } of delta.lifted ?? []) {
    const { issuer, subject } = personOf(user);
    const ofUser = db.deleteFrom('rbac_denial').where('issuer', '=', issuer).where('subject', '=', subject);
    await ofUser.where('role', '=', role).execute();
  }
  if (before.sessions !== after.sessions) await writeSessions(db, before, after);
}

async function writeChange(db: RbacDb, change: RbacChange, after: Rbac): Promise<void> {
  switch (change.do) {
    case 'addUser':
      return; // all of them are written at once, if they are there in the end
    case 'deleteUser': {
      const { issuer, subject } = personOf(change.user);
      for (const table of ['rbac_assignment', 'rbac_denial', 'rbac_user'] as const) {
        await db.deleteFrom(table).where('issuer', '=', issuer).where('subject', '=', subject).execute();
      }
      return;
    }
    case 'addRole':
    case 'describeRole':
      await writeRole(db, change.role, after);
      return;
    case 'deleteRole': {
      const { role } = change;
      await db.deleteFrom('rbac_role').where('name', '=', role).execute();
      for (const table of ['rbac_grant', 'rbac_assignment', 'rbac_set_role', 'rbac_denial'] as const) {
        await db.deleteFrom(table).where('role', '=', role).execute();
      }
      await db.deleteFrom('rbac_inheritance').where('senior', '=', role).execute();
      await db.deleteFrom('rbac_inheritance').where('junior', '=', role).execute();
      return;
    }
    case 'assignUser':
    case 'deassignUser':
      return; // all of them are written at once, as they are in the end
    case 'grantPermission':
    case 'revokePermission': {
      const { role } = change;
      // A permission may be written in two ways; what is stored is the one that the model keeps.
      const texts = [...(after.grants.get(role)?.keys() ?? [])];
      await db.deleteFrom('rbac_grant').where('role', '=', role).execute();
      if (texts.length === 0) return;
      await db
        .insertInto('rbac_grant')
        .values(texts.map((permission) => ({ role, permission })))
        .execute();
      return;
    }
    case 'addInheritance': {
      const { senior, junior } = change;
      await db.insertInto('rbac_inheritance').values({ senior, junior }).execute();
      return;
    }
    case 'deleteInheritance': {
      const { senior, junior } = change;
      await db.deleteFrom('rbac_inheritance').where('senior', '=', senior).where('junior', '=', junior).execute();
      return;
    }
    case 'createSsdSet':
    case 'deleteSsdSet':
    case 'addSsdRoleMember':
    case 'deleteSsdRoleMember':
    case 'setSsdSetCardinality':
      await writeSet(db, 'ssd', change.set, after);
      return;
    case 'createDsdSet':
    case 'deleteDsdSet':
    case 'addDsdRoleMember':
    case 'deleteDsdRoleMember':
    case 'setDsdSetCardinality':
      await writeSet(db, 'dsd', change.set, after);
      return;
    case 'createSession':
    case 'deleteSession':
    case 'addActiveRole':
    case 'dropActiveRole':
      return; // sessions lose roles by the way too, so all that differ are written at the end
    default:
      unreachable(change);
  }
}

async function writeRole(db: RbacDb, name: string, after: Rbac): Promise<void> {
  const info = after.roles.get(name);
  if (info === undefined) return; // deleted by a later change of the same delta
  const { description, tier } = info;
  const row = { description, tier, staff: info.staff ? 1 : 0, superuser: info.superuser ? 1 : 0 };
  await db
    .insertInto('rbac_role')
    .values({ name, ...row })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .execute();
}

/** Rows that one statement takes at most. */
const chunk = 500;

async function writeUsers(db: RbacDb, delta: Delta, after: Rbac): Promise<void> {
  const added = delta.changes.flatMap((change) => (change.do === 'addUser' ? [change.user] : []));
  const rows = [...new Set(added)]
    .filter((user) => after.users.has(user))
    .map((user) => ({ ...personOf(user), name: null, synced_at: null, refused: null }));
  for (let i = 0; i < rows.length; i += chunk) {
    const some = rows.slice(i, i + chunk);
    await db
      .insertInto('rbac_user')
      .values(some)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

async function writeAssignments(db: RbacDb, delta: Delta, after: Rbac): Promise<void> {
  const rows = new Map<string, AssignmentRow>();
  for (const change of delta.changes) {
    if (change.do !== 'assignUser' && change.do !== 'deassignUser') continue;
    const { user, role } = change;
    const person = personOf(user);
    const grounds = after.users.get(user)?.assigned.get(role);
    if (grounds === undefined) {
      const ofUser = db.deleteFrom('rbac_assignment').where('issuer', '=', person.issuer);
      await ofUser.where('subject', '=', person.subject).where('role', '=', role).execute();
      continue;
    }
    const { manual, synced, via } = grounds;
    rows.set(`${user} ${role}`, {
      ...person,
      role,
      manual: manual ? 1 : 0,
      synced: synced ? 1 : 0,
      via: JSON.stringify(via),
    });
  }
  const all = [...rows.values()];
  for (let i = 0; i < all.length; i += chunk) {
    await db
      .insertInto('rbac_assignment')
      .values(all.slice(i, i + chunk))
      .onConflict((conflict) =>
        conflict.columns(['issuer', 'subject', 'role']).doUpdateSet((eb) => ({
          manual: eb.ref('excluded.manual'),
          synced: eb.ref('excluded.synced'),
          via: eb.ref('excluded.via'),
        })),
      )
      .execute();
  }
}

async function writeSet(db: RbacDb, kind: 'ssd' | 'dsd', name: string, after: Rbac): Promise<void> {
  for (const table of ['rbac_set', 'rbac_set_role'] as const) {
    await db.deleteFrom(table).where('kind', '=', kind).where('name', '=', name).execute();
  }
  const set = after[kind].get(name);
  if (set === undefined) return;
  await db.insertInto('rbac_set').values({ kind, name, cardinality: set.cardinality }).execute();
  await db
    .insertInto('rbac_set_role')
    .values([...set.roles].map((role) => ({ kind, name, role })))
    .execute();
}

async function writeSessions(db: RbacDb, before: Rbac, after: Rbac): Promise<void> {
  for (const [id] of before.sessions) {
    if (!after.sessions.has(id)) await db.deleteFrom('rbac_session').where('id', '=', id).execute();
  }
  for (const [id, session] of after.sessions) {
    if (before.sessions.get(id) === session) continue;
    const row = { ...personOf(session.user), roles: JSON.stringify([...session.active]) };
    await db
      .insertInto('rbac_session')
      .values({ id, ...row })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
      .execute();
  }
}

type RbacDb = ReturnType<typeof tablesOf>;

function tablesOf(from: Pick<Store, 'db'> | Tx) {
  return from.db.withTables<RbacTables>();
}
