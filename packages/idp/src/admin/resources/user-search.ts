import type { User } from '../../model/index.ts';
import { type Answer, json } from '../frame/answer.ts';
import { flagOf, pageOf, type RealmCall, textOf } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import { showBriefUser, showUser } from '../representation/user.ts';
import { attributeQuery } from './clients.ts';

/** `GET /users`: by substring of one member, by `search` over all, or exactly. */
export function listUsers(call: RealmCall): Answer {
  if (!call.admin.has(call.realm, may.viewUsers)) return json([]);
  const brief = flagOf(call, 'briefRepresentation', false);
  const manage = call.admin.has(call.realm, may.manageUsers);
  const show = (user: User): object => ({
    ...(brief ? showBriefUser(user) : showUser(call.realm, user)),
    access: { manage },
  });
  return json(pageOf(call, matching(call), 100).map(show));
}

/** `GET /users/count`: a bare number. */
export function countUsers(call: RealmCall): Answer {
  return json(call.admin.has(call.realm, may.viewUsers) ? matching(call).length : 0);
}

function matching(call: RealmCall): readonly User[] {
  const exact = flagOf(call, 'exact', false);
  const tests = [
    searchTest(textOf(call, 'search')),
    ...memberTests(call, exact),
    ...flagTests(call),
    attributeTest(call),
  ];
  const username = textOf(call, 'username')?.toLowerCase();
  return call.context.state.users
    .ofRealm(call.realm.id)
    .filter((user) => {
      // Service accounts are no people: only who names one exactly gets it.
      if (user.serviceAccountClientUuid !== undefined && !(exact && username === user.username)) return false;
      return tests.every((test) => test(user));
    })
    .toSorted((a, b) => (a.username < b.username ? -1 : 1));
}

type Test = (user: User) => boolean;

function memberTests(call: RealmCall, exact: boolean): readonly Test[] {
  return (['username', 'email', 'firstName', 'lastName'] as const).flatMap((name) => {
    const wanted = textOf(call, name)?.toLowerCase();
    if (wanted === undefined) return [];
    return [
      (user: User): boolean => {
        const value = user[name]?.toLowerCase();
        return value !== undefined && (exact ? value === wanted : value.includes(wanted));
      },
    ];
  });
}

function flagTests(call: RealmCall): readonly Test[] {
  return (['enabled', 'emailVerified'] as const).flatMap((name) =>
    call.query.has(name) ? [(user: User): boolean => user[name] === flagOf(call, name, true)] : [],
  );
}

function attributeTest(call: RealmCall): Test {
  const pairs = attributeQuery(textOf(call, 'q'));
  return (user) =>
    pairs.every(
      ([name, value]) => Object.hasOwn(user.attributes, name) && user.attributes[name]?.includes(value) === true,
    );
}

/** Words of which each must begin or (with `*`) be within a name; a quoted one must be it; `id:` names users by id. */
function searchTest(search: string | undefined): Test {
  const trimmed = search?.trim() ?? '';
  if (trimmed.startsWith('id:')) {
    const ids = trimmed.slice(3).trim().split(/\s+/);
    return (user) => ids.includes(user.id);
  }
  const words = [...trimmed.toLowerCase().matchAll(/"([^"]*)"|(\S+)/g)];
  return (user) => {
    const values = [user.username, user.email, user.firstName, user.lastName].flatMap((it) => it?.toLowerCase() ?? []);
    return words.every(([, quoted, word = '']) =>
      values.some((value) => (quoted === undefined ? matchesWord(value, word) : value === quoted)),
    );
  };
}

function matchesWord(value: string, word: string): boolean {
  const inner = word.replace(/^\*+|\*+$/g, '');
  return word.startsWith('*') ? value.includes(inner) : value.startsWith(inner);
}
