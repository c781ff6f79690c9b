import type { JsonObject } from '@keyturn/protocol';
import { isJsonObject } from '@keyturn/protocol';
import type { UserProfileConfig } from '../../model/index.ts';
import { type Answer, json, refused } from '../frame/answer.ts';
import type { RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { anything, list, object, type ReadObject, text } from '../json/shape.ts';
import { profileAttributes, shownAttributes } from '../user-profile/attributes.ts';
import { showProfileMetadata } from '../user-profile/metadata.ts';
import { withUser } from './users.ts';

const fields = {
  attributes: list(anything),
  groups: list(anything),
  unmanagedAttributePolicy: text,
};
const profileReader = object('UPConfig', fields);

/** The user profile of a realm: which attributes users have, and what becomes of others. */
export function registerUserProfile(routes: RealmRoutes): void {
  routes.get('/users/profile', may.viewProfile, (call) => json(call.realm.userProfile));
  routes.put('/users/profile', { needs: may.manageRealm, body: profileReader, records: 'USER_PROFILE' }, change);
  routes.get('/users/profile/metadata', may.viewProfile, (call) => json(showProfileMetadata(call.realm, 'new-user')));
  routes.get(
    '/users/:user/unmanagedAttributes',
    may.viewUsers,
    withUser((call, user) => {
      const managed = new Set(profileAttributes(call.realm).map((it) => it.name));
      return json(
        Object.fromEntries(Object.entries(shownAttributes(call.realm, user)).filter(([name]) => !managed.has(name))),
      );
    }),
  );
}

const policies = ['ENABLED', 'ADMIN_VIEW', 'ADMIN_EDIT'];

function change(call: RealmCall, given: ReadObject<typeof fields>): Answer {
  const policy = given.unmanagedAttributePolicy;
  if (policy !== undefined && !policies.includes(policy)) {
    return refused(400, { error: 'unknown_error', error_description: 'Cannot parse the JSON' });
  }
  const fault = faultOf(given);
  if (fault !== undefined) return refused(400, { errorMessage: fault });
  // Read from JSON, member by member.
  const userProfile = { ...call.realm.userProfile, ...given } as JsonObject as UserProfileConfig;
  const { unmanagedAttributePolicy: _policy, ...without } = userProfile;
  const stored = given.unmanagedAttributePolicy === undefined ? without : userProfile;
  call.context.state.realms.put({ ...call.realm, userProfile: stored });
  return { status: 200, body: stored, contentType: 'application/json' };
}

function faultOf(given: ReadObject<typeof fields>): string | undefined {
  if (given.attributes === undefined) return undefined;
  const names = given.attributes.map((it) => (isJsonObject(it) && typeof it['name'] === 'string' ? it['name'] : ''));
  if (names.includes('')) return '[Attribute configuration without name]';
  if (new Set(names).size < names.length) return '[Duplicate attribute configuration]';
  const gone = ['username', 'email'].filter((name) => !names.includes(name));
  return gone.length === 0
    ? undefined
    : `[${gone.map((name) => `The attribute '${name}' can not be removed`).join(', ')}]`;
}
