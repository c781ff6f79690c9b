import { ok, type Result, refuse } from '@keyturn/protocol';
import {
  createClient,
  deleteClient,
  deleteGroup,
  deleteRole,
  deleteUser,
  findClient,
  findRole,
  groupByPath,
  type ModelRefusal,
  type Realm,
} from '../../model/index.ts';
import { type Answer, json, message, refused, unknownError } from '../frame/answer.ts';
import type { RealmCall } from '../frame/call.ts';
import { refuseEscalation } from '../frame/escalation.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { allOrNothing, type Must } from '../../import/all-or-nothing.ts';
import { type ClientRefusal, newClientOf } from '../../import/client.ts';
import { importGroup } from '../../import/groups.ts';
import { answerClientRefusal, answerImportRefusal } from '../frame/import-refusals.ts';
import { compositeIdsOf, putRole } from '../../import/roles.ts';
import { importUser, type PreparedUser, prepareUsers } from '../../import/users.ts';
import { anything, list, object, type ReadObject, text } from '../json/shape.ts';
import { clientReader } from '../representation/client.ts';
import { groupReader } from '../representation/group.ts';
import { rolesReader } from '../representation/realm.ts';
import { userReader } from '../representation/user.ts';

const fields = {
  ifResourceExists: text,
  policy: text,
  clients: list(clientReader),
  users: list(userReader),
  groups: list(groupReader),
  roles: rolesReader,
  identityProviders: anything,
  identityProviderMappers: anything,
};
const partialImportReader = object('PartialImportRepresentation', fields, { lenient: true });
type PartialImport = ReadObject<typeof fields>;

type Refusal = ModelRefusal | ClientRefusal | { readonly why: 'there-already'; readonly text: string };

type ResourceKind = 'CLIENT' | 'CLIENT_ROLE' | 'GROUP' | 'REALM_ROLE' | 'USER';

/** One thing of the import: what is there under its name, how that goes, and how the new one comes. */
interface Resource {
  readonly kind: ResourceKind;
  readonly name: string;
  /** Keycloak's text when it is there and must not be. */
  readonly clash: string;
  existing(): string | undefined;
  remove(must: Must<Refusal>): void;
  add(must: Must<Refusal>): string;
}

interface Outcome {
  readonly action: 'ADDED' | 'OVERWRITTEN' | 'SKIPPED';
  readonly resourceType: ResourceKind;
  readonly resourceName: string;
  readonly id: string;
}

/** `POST /partialImport`: adds roles, groups, clients and users to a realm; all of them or none. */
export function registerPartialImport(routes: RealmRoutes): void {
  const change = { needs: may.manageRealm, body: partialImportReader, records: 'none' } as const;
  routes.post('/partialImport', change, partialImport);
}

async function partialImport(call: RealmCall, given: PartialImport): Promise<Answer> {
  // Keycloak looks groups up by their path, and falls over without one.
  if ((given.groups ?? []).some((it) => it.path === undefined)) return unknownError;
  const policy = given.ifResourceExists ?? given.policy ?? 'FAIL';
  if (!['FAIL', 'SKIP', 'OVERWRITE'].includes(policy)) {
    return refused(400, { error: 'unknown_error', error_description: 'Cannot parse the JSON' });
  }
  const users = await prepareUsers(call.context, given.users ?? []);
  const before = new Set(call.context.state.users.ofRealm(call.realm.id).map((it) => it.id));
  const done = allOrNothing<readonly Outcome[], Refusal>(call.context.state, (must) => {
    const outcomes: Outcome[] = [];
    for (const resource of resourcesOf(call, given, users)) {
      const existing = resource.existing();
      const of = { resourceType: resource.kind, resourceName: resource.name };
      if (existing !== undefined && policy === 'SKIP') outcomes.push({ action: 'SKIPPED', ...of, id: existing });
      else {
        if (existing !== undefined && policy !== 'OVERWRITE') must(thereAlready(resource.clash));
        if (existing !== undefined) resource.remove(must);
        outcomes.push({ action: existing === undefined ? 'ADDED' : 'OVERWRITTEN', ...of, id: resource.add(must) });
      }
    }
    const granted = call.context.state.users.ofRealm(call.realm.id).filter((it) => !before.has(it.id));
    if (
      refuseEscalation(
        call,
        granted.flatMap((it) => it.roleIds),
      ) !== undefined
    )
      must(thereAlready('HTTP 403 Forbidden'));
    return outcomes;
  });
  if (!done.ok) return answerRefusal(done.refusal);
  const count = (action: Outcome['action']): number => done.value.filter((it) => it.action === action).length;
  return json({
    overwritten: count('OVERWRITTEN'),
    added: count('ADDED'),
    skipped: count('SKIPPED'),
    results: done.value,
  });
}

function thereAlready(clash: string): Result<never, Refusal> {
  return refuse({ why: 'there-already', text: clash });
}

function answerRefusal(refusal: Refusal): Answer {
  switch (refusal.why) {
    case 'there-already':
      return message(409, refusal.text);
    case 'invalid-client':
    case 'unknown-mapper-type':
      return answerClientRefusal(refusal);
    default:
      return answerImportRefusal(refusal);
  }
}

// Roles first, since groups and users name them, and users last.
function* resourcesOf(call: RealmCall, given: PartialImport, users: readonly PreparedUser[]): Generator<Resource> {
  const { state } = call.context;
  const { realm } = call;
  for (const client of given.clients ?? []) {
    const name = client.clientId ?? '';
    yield {
      kind: 'CLIENT',
      name,
      clash: `Client id '${name}' already exists`,
      existing: () => findClient(state, realm.id, name)?.id,
      remove: (must) => {
        const found = findClient(state, realm.id, name);
        if (found !== undefined) must(deleteClient(state, found));
      },
      add: (must) => must(createClient(state, realm, must(newClientOf(state, realm, client)))).id,
    };
  }
  for (const role of given.roles?.realm ?? []) yield roleResource(call, realm, role, undefined);
  for (const [clientId, roles] of Object.entries(given.roles?.client ?? {})) {
    for (const role of roles ?? []) yield roleResource(call, realm, role, clientId);
  }
  for (const group of given.groups ?? []) {
    const path = group.path ?? '';
    yield {
      kind: 'GROUP',
      name: group.name ?? '',
      clash: `Group '${path}' already exists`,
      existing: () => groupByPath(state, realm.id, path)?.id,
      remove: () => {
        const found = groupByPath(state, realm.id, path);
        if (found !== undefined) deleteGroup(state, found);
      },
      add: (must) =>
        importGroup(state, realm, group, must, groupByPath(state, realm.id, path.replace(/\/[^/]*$/, ''))).id,
    };
  }
  for (const user of users) {
    const name = (user.given.username ?? '').toLowerCase();
    yield {
      kind: 'USER',
      name,
      clash: `User with user name ${name} already exists.`,
      existing: () => state.users.one(realm.id, 'username', name)?.id,
      remove: () => {
        const found = state.users.one(realm.id, 'username', name);
        if (found !== undefined) deleteUser(state, found);
      },
      add: (must) => importUser(state, realm, user, must).id,
    };
  }
}

type RoleGiven = NonNullable<NonNullable<PartialImport['roles']>['realm']>[number];

function roleResource(call: RealmCall, realm: Realm, role: RoleGiven, clientId: string | undefined): Resource {
  const { state } = call.context;
  const name = role.name ?? '';
  const owner = (): string | undefined =>
    clientId === undefined ? undefined : findClient(state, realm.id, clientId)?.id;
  const found = (): ReturnType<typeof findRole> =>
    clientId !== undefined && owner() === undefined ? undefined : findRole(state, realm.id, name, owner());
  return {
    kind: clientId === undefined ? 'REALM_ROLE' : 'CLIENT_ROLE',
    name: clientId === undefined ? name : `${clientId}-->${name}`,
    clash:
      clientId === undefined
        ? `Realm role '${name}' already exists.`
        : `Client role '${name}' for client '${clientId}' already exists.`,
    existing: () => found()?.id,
    remove: (must) => {
      const before = found();
      if (before !== undefined) must(deleteRole(state, before));
    },
    add: (must) => {
      if (clientId !== undefined && owner() === undefined)
        must(refuse({ why: 'unknown', what: 'client', name: clientId }));
      const made = must(putRole(state, realm, role, owner()));
      const compositeIds = role.composites === undefined ? made.compositeIds : must(compositeIdsOf(state, realm, role));
      return must(ok(state.roles.put({ ...made, compositeIds }))).id;
    },
  };
}
