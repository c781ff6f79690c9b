import type { Credential, User } from '../../model/index.ts';
import { type Answer, json, noContent, notFound, refused } from '../frame/answer.ts';
import type { RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { readCredentials } from '../../import/credentials.ts';
import { texts } from '../json/shape.ts';
import { type CredentialRepresentation, credentialReader } from '../representation/user.ts';
import { passwordFault } from './password-fault.ts';
import { withUser } from './users.ts';

/** A user's credentials: the password set, listed, labelled and taken away. */
export function registerCredentials(routes: RealmRoutes): void {
  const change = { needs: may.manageUsers, records: 'USER', as: 'ACTION' } as const;
  const one = '/users/:user/credentials/:credential';
  routes.put('/users/:user/reset-password', { ...change, body: credentialReader }, withUser(resetPassword));
  routes.get(
    '/users/:user/credentials',
    may.viewUsers,
    withUser((_call, user) => json(user.credentials.map(showCredential))),
  );
  routes.delete(
    one,
    change,
    withUser((call, user) => {
      const kept = user.credentials.filter((it) => it.id !== call.param('credential'));
      if (kept.length === user.credentials.length) return notFound('Credential not found');
      call.context.state.users.put({ ...user, credentials: kept });
      return noContent;
    }),
  );
  routes.put(`${one}/userLabel`, { ...change, records: 'none' }, withUser(label));
  // A user has one password here: there is nothing to move.
  routes.post(
    `${one}/moveToFirst`,
    { ...change, records: 'none' },
    withUser(() => noContent),
  );
  routes.post(
    `${one}/moveAfter/:other`,
    { ...change, records: 'none' },
    withUser(() => noContent),
  );
  routes.put(
    '/users/:user/disable-credential-types',
    { ...change, body: texts },
    withUser((call, user, types) => {
      if (types.includes('password')) call.context.state.users.put({ ...user, credentials: [] });
      return noContent;
    }),
  );
  routes.get(
    '/users/:user/configured-user-storage-credential-types',
    may.viewUsers,
    withUser(() => json([])),
  );
}

async function resetPassword(call: RealmCall, user: User, given: CredentialRepresentation): Promise<Answer> {
  if (given.value === undefined) return refused(400, { error: 'No password provided' });
  if (given.value.trim() === '') return refused(400, { error: 'Empty password not allowed' });
  const fault = passwordFault(call.realm, given.value, user);
  if (fault !== undefined) return fault;
  const { credentials, temporary } = await readCredentials(call.context, [{ ...given, type: 'password' }]);
  // Hashing waited: what is changed is the user of now.
  const now = call.context.state.users.get(user.id);
  if (now === undefined) return notFound('User not found');
  const others = now.requiredActions.filter((it) => it !== 'UPDATE_PASSWORD');
  const requiredActions = temporary ? [...others, 'UPDATE_PASSWORD'] : others;
  call.context.state.users.put({ ...now, credentials, requiredActions });
  return noContent;
}

function label(call: RealmCall, user: User): Answer {
  const { body } = call.request;
  if (typeof body !== 'string' || body.length > 255) return refused(400, { error: 'HTTP 400 Bad Request' });
  const id = call.param('credential');
  if (!user.credentials.some((it) => it.id === id)) return notFound('Credential not found');
  const credentials = user.credentials.map((it) => (it.id === id ? { ...it, userLabel: body } : it));
  call.context.state.users.put({ ...user, credentials });
  return noContent;
}

/** How the password is kept, never the hash itself. */
function showCredential(credential: Credential): object {
  const argon2 = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$/.exec(credential.hash);
  const data =
    argon2 === null
      ? { algorithm: /^\$([a-z0-9-]+)\$/.exec(credential.hash)?.[1] ?? 'unknown', additionalParameters: {} }
      : {
          hashIterations: Number(argon2[2]),
          algorithm: 'argon2',
          additionalParameters: {
            hashLength: ['32'],
            memory: [argon2[1]],
            type: ['id'],
            version: ['1.3'],
            parallelism: [argon2[3]],
          },
        };
  return {
    id: credential.id,
    type: credential.type,
    ...(credential.userLabel === undefined ? {} : { userLabel: credential.userLabel }),
    createdDate: credential.createdDate,
    credentialData: JSON.stringify(data),
  };
}
