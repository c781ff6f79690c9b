import { ok, refuse } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { Clock } from '@keyturn/protocol';
import { z } from 'zod';
import type { Frame } from '../../http/frame.ts';
import { invalidRequest, type Problem } from '../../http/problem.ts';
import type { Resync } from './group-resync.ts';
import type { UserRepository } from './repository.ts';
import { describeUser } from './user.ts';

const path = '/api/v1/users';

const line = z
  .string()
  .max(255)
  .regex(/^\P{Cc}*$/u, 'has control characters');

const newUserSchema = z.strictObject({
  username: line.min(1),
  email: z.email().max(255),
  name: line.default(''),
});

/** Users for administrators: listed in pages, shown, and made before they first log in. */
export function mountUsers(
  frame: Frame,
  parts: {
    readonly resync: Resync | undefined;
    readonly repository: UserRepository;
    readonly store: Store;
    readonly clock: Clock;
    readonly adminRole: string;
  },
): void {
  const { repository, resync, store, clock, adminRole: needsRole } = parts;
  frame.route({
    method: 'GET',
    path,
    action: () => ({ kind: 'user.list', needsRole }),
    handle: async ({ query }) => {
      const limit = Number(query['limit'] ?? 100);
      if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
        return refuse(invalidRequest([{ field: 'query.limit', message: 'is a whole number from 1 to 1000' }]));
      }
      const text = (name: string): string => (typeof query[name] === 'string' ? query[name] : '');
      const users = await repository.page(text('after'), limit, text('q'));
      const identities = await repository.identitiesOf(users.map(({ id }) => id));
      const next = users.length === limit ? users.at(-1)?.id : undefined;
      const shown = users.map((user) =>
        describeUser(
          user,
          identities.filter(({ userId }) => userId === user.id),
        ),
      );
      return ok({ answer: { status: 200, body: { users: shown, next: next ?? null } }, outcome: 'allowed' });
    },
  });
  frame.route({
    method: 'GET',
    path: `${path}/:id`,
    action: ({ params }) => ({ kind: 'user.read', target: params['id'] ?? '', needsRole }),
    handle: async ({ params }) => {
      const user = await repository.byId(params['id'] ?? '');
      if (user === undefined) return refuse(unknownUser);
      const identities = await repository.identitiesOf([user.id]);
      return ok({ answer: { status: 200, body: describeUser(user, identities) }, outcome: 'allowed' });
    },
  });
  frame.route({
    method: 'POST',
    path,
    body: newUserSchema,
    action: ({ body }) => ({ kind: 'user.create', target: body.username, needsRole }),
    handle: async ({ body }) => {
      // The administrator vouches for the address: whoever has it verified at the identity provider becomes this user.
      const profile = { ...body, emailVerified: true, givenName: '', familyName: '' };
      const user = await store.transaction((tx) => repository.create(tx, profile, clock()));
      const headers = { location: `${path}/${user.id}` };
      return ok({ answer: { status: 201, headers, body: describeUser(user, []) }, outcome: 'allowed' });
    },
  });
  frame.route({
    method: 'POST',
    path: `${path}/sync-groups`,
    action: () => ({ kind: 'user.sync-groups', needsRole }),
    handle: async () => {
      if (resync === undefined) return refuse(noReader);
      const done = await resync.run();
      if (!done.ok) return refuse({ ...noGroups, detail: done.refusal });
      return ok({ answer: { status: 200, body: { ...done.value } }, outcome: 'allowed' });
    },
  });
}

const noReader: Problem = {
  status: 409,
  code: 'group_sync_off',
  title: 'Nobody reads groups here',
  detail: 'Set login.syncClientId to a client whose service account has view-users.',
};

const noGroups: Problem = {
  status: 502,
  code: 'groups_unreadable',
  title: 'The groups could not all be read',
  detail: '',
};

const unknownUser: Problem = {
  status: 404,
  code: 'unknown_user',
  title: 'There is no such user',
  detail: 'GET /api/v1/users lists them.',
};
