import type { PasswordOwner } from '../../browser/login/password-policy.ts';
import { createUser, deleteUser, groupByPath, updateUser, type User } from '../../model/index.ts';
import {
  type Answer,
  created,
  done,
  json,
  message,
  noContent,
  notFound,
  refused,
  unknownError,
} from '../frame/answer.ts';
import { flagOf, type RealmCall } from '../frame/call.ts';
import { refuseEscalation, rolesOfGroups } from '../frame/escalation.ts';
import { may } from '../frame/permissions.ts';
import { answerModelRefusal } from '../frame/refusals.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { readCredentials } from '../../import/credentials.ts';
import { attributesOf } from '../representation/role.ts';
import { showUser, type UserRepresentation, userReader } from '../representation/user.ts';
import { settableAttributes } from '../user-profile/attributes.ts';
import { showProfileMetadata } from '../user-profile/metadata.ts';
import { checkProfile, type ProfileFault } from '../user-profile/validate.ts';
import { passwordFault } from './password-fault.ts';
import { countUsers, listUsers } from './user-search.ts';

/** A handler of one user, which the path names by its id. */
export function withUser<Rest extends readonly unknown[]>(
  handler: (call: RealmCall, user: User, ...rest: Rest) => Answer | Promise<Answer>,
): (call: RealmCall, ...rest: Rest) => Answer | Promise<Answer> {
  return (call, ...rest) => {
    const user = call.context.state.users.inRealm(call.realm.id, call.param('user'));
    return user === undefined ? notFound('User not found') : handler(call, user, ...rest);
  };
}

/** Users: look up, create, read, change, delete. */
export function registerUsers(routes: RealmRoutes): void {
  const change = { needs: may.manageUsers, records: 'USER' } as const;
  routes.get('/users', may.listUsers, listUsers);
  routes.get('/users/count', may.listUsers, countUsers);
  routes.post('/users', { ...change, body: userReader }, createOne);
  routes.get('/users/:user', may.viewUsers, withUser(readOne));
  routes.put('/users/:user', { ...change, body: userReader }, withUser(changeOne));
  routes.delete(
    '/users/:user',
    change,
    withUser((call, user) => {
      deleteUser(call.context.state, user);
      return done({ id: user.id, username: user.username });
    }),
  );
}

function readOne(call: RealmCall, user: User): Answer {
  const { admin, realm } = call;
  const manage = admin.has(realm, may.manageUsers);
  const access = {
    manageGroupMembership: manage,
    resetPassword: manage,
    view: true,
    mapRoles: manage,
    impersonate: admin.has(realm, may.impersonate),
    manage,
  };
  const metadata = flagOf(call, 'userProfileMetadata', false)
    ? { userProfileMetadata: showProfileMetadata(realm, 'user') }
    : {};
  return json({ ...showUser(realm, user), ...metadata, access });
}

async function createOne(call: RealmCall, given: UserRepresentation): Promise<Answer> {
  const { context, realm } = call;
  const byEmail = realm.registrationEmailAsUsername && given.email !== undefined;
  const username = (byEmail ? given.email : given.username)?.trim() ?? '';
  if (username === '') return message(400, 'User name is missing');
  const attributes = settableAttributes(realm, attributesOf(given.attributes) ?? {});
  const members = {
    username,
    enabled: given.enabled ?? false,
    emailVerified: given.emailVerified ?? false,
    ...textMember('email', given.email),
    ...textMember('firstName', given.firstName),
    ...textMember('lastName', given.lastName),
    attributes,
  };
  const faults = checkProfile(realm, members);
  if (faults.length > 0) return answerFaults(faults);
  const groups = (given.groups ?? []).map((path) => groupByPath(context.state, realm.id, path));
  const groupIds = groups.flatMap((it) => it?.id ?? []);
  // Keycloak falls over a group that is not there.
  if (groupIds.length < groups.length) return unknownError;
  const escalation = refuseEscalation(call, rolesOfGroups(call, groupIds));
  if (escalation !== undefined) return escalation;
  const weak = policyFault(call, given, { username, credentials: [] });
  if (weak !== undefined) return weak;
  const read = await readCredentials(context, given.credentials ?? []);
  const made = createUser(context.state, realm, {
    ...members,
    credentials: read.credentials,
    groupIds,
    ...(given.notBefore === undefined ? {} : { notBefore: given.notBefore }),
  });
  if (!made.ok) return answerModelRefusal(made.refusal);
  const actions = new Set([
    ...made.value.requiredActions,
    ...knownActions(call, given.requiredActions ?? []),
    ...(read.temporary ? ['UPDATE_PASSWORD'] : []),
  ]);
  context.state.users.put({ ...made.value, requiredActions: [...actions] });
  return created(['users', made.value.id]);
}

/** A user after `PUT`: what is not given stays, unless `attributes` is there: then profile members not given go too. */
async function changeOne(call: RealmCall, user: User, given: UserRepresentation): Promise<Answer> {
  const { context, realm } = call;
  const username = given.username?.trim().toLowerCase();
  if (username !== undefined && username !== user.username && !realm.editUsernameAllowed) {
    return refused(400, { field: 'username', errorMessage: 'error-user-attribute-read-only', params: ['username'] });
  }
  const weak = policyFault(call, given, user);
  if (weak !== undefined) return weak;
  const read = await readCredentials(context, given.credentials ?? []);
  // Hashing waited: what is changed is the user of now.
  const now = context.state.users.get(user.id);
  if (now === undefined) return notFound('User not found');
  const whole = given.attributes !== undefined;
  const { email, firstName, lastName, ...rest } = now;
  const before = whole ? {} : { email, firstName, lastName };
  const hidden = Object.entries(now.attributes).filter(
    ([name]) => !Object.hasOwn(settableAttributes(realm, now.attributes), name),
  );
  const changed: User = {
    ...rest,
    ...textMember('email', given.email ?? before.email),
    ...textMember('firstName', given.firstName ?? before.firstName),
    ...textMember('lastName', given.lastName ?? before.lastName),
    username: username ?? now.username,
    attributes: whole
      ? { ...Object.fromEntries(hidden), ...settableAttributes(realm, attributesOf(given.attributes) ?? {}) }
      : now.attributes,
    enabled: given.enabled ?? now.enabled,
    emailVerified: given.emailVerified ?? now.emailVerified,
    requiredActions:
      given.requiredActions === undefined ? now.requiredActions : knownActions(call, given.requiredActions),
    notBefore: given.notBefore ?? now.notBefore,
    credentials: read.credentials.length === 0 ? now.credentials : read.credentials,
  };
  const faults = now.serviceAccountClientUuid === undefined ? checkProfile(realm, changed) : [];
  if (faults.length > 0) return answerFaults(faults);
  const stored = updateUser(context.state, realm, changed);
  if (!stored.ok) return answerModelRefusal(stored.refusal);
  // Who is let in again starts without the failures that locked them out.
  if (!now.enabled && stored.value.enabled) context.state.loginFailures.delete(user.id);
  return noContent;
}

/** The answer for a plain password in the body that the realm does not take. */
function policyFault(call: RealmCall, given: UserRepresentation, owner: PasswordOwner): Answer | undefined {
  const plain = (given.credentials ?? []).flatMap(({ type = 'password', value }) =>
    type === 'password' && value !== undefined ? [value] : [],
  );
  return plain.map((value) => passwordFault(call.realm, value, owner)).find((it) => it !== undefined);
}

/** Required actions that the realm has; names that it has not are dropped in silence, as in Keycloak. */
function knownActions(call: RealmCall, given: readonly string[]): readonly string[] {
  return given.filter((name) => call.realm.requiredActions.some((it) => it.alias === name));
}

/** A member that is a text with something in it; an empty one takes the member away. */
function textMember<K extends 'email' | 'firstName' | 'lastName'>(
  name: K,
  value: string | undefined,
): { readonly [P in K]?: string } {
  // One computed name is an index to the compiler.
  return (value === undefined || value === '' ? {} : { [name]: value }) as { readonly [P in K]?: string };
}

function answerFaults(faults: readonly ProfileFault[]): Answer {
  const shown = faults.map(({ field, message: errorMessage, params }) => ({ field, errorMessage, params }));
  const [only] = shown;
  return refused(400, shown.length === 1 && only !== undefined ? only : { errors: shown });
}
