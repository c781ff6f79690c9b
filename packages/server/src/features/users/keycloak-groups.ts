import type { GuardedFetch } from '@keyturn/net';
import { type Clock, grantTypes, isJsonObject, type Json, mebibytes, ok, type Result, refuse } from '@keyturn/protocol';
import { askTokenEndpoint, type TokenEndpoint } from '../../http/token-endpoint.ts';

/** Who is in which groups, as Keycloak's admin API says. */
export interface GroupReader {
  /** The groups of every member of any group, by the user's `sub`, sorted; or why they could not all be read. */
  readonly everybody: () => Promise<Result<ReadonlyMap<string, readonly string[]>, string>>;
  /** The groups of one user; undefined if there is no such user (any more). */
  readonly of: (subject: string) => Promise<Result<readonly string[] | undefined, string>>;
}

/** Members in a page, groups in all, and questions at a time. */
const pageSize = 1000;
const mostGroups = 20_000;
const atOnce = 4;

/**
 * Reads by a client's service account, which needs `view-users` of `realm-management`. Groups are walked
 * with their members, page by page, a few at a time: that is a hundred questions where asking for each user would be ten
 * thousand. If one page cannot be had nothing is given: half an answer would take roles away from the other half.
 */
export function readGroupsFromKeycloak(
  client: TokenEndpoint & { readonly fetch: GuardedFetch; readonly clock: Clock },
): GroupReader {
  const [, base = '', realm = ''] = /^(.*)\/realms\/([^/]+)\/protocol\//.exec(client.tokenEndpoint) ?? [];
  const admin = `${base}/admin/realms/${realm}`;
  let held: { readonly token: string; readonly until: number } | undefined;

  const ask = async (path: string, isAgain = false): Promise<Result<Json | undefined, string>> => {
    if (held === undefined || client.clock() >= held.until) {
      const issued = await askTokenEndpoint(client, [['grant_type', grantTypes.clientCredentials]]);
      if (!issued.ok) return refuse(`${client.clientId} got no token of its own: ${issued.refusal.why}`);
      held = { token: issued.value.token, until: ((issued.value.expiresAt ?? 0) - 10) * 1000 };
    }
    const headers = { authorization: `Bearer ${held.token}`, accept: 'application/json' };
    const answer = await client.fetch(`${admin}${path}`, { headers, maxBytes: mebibytes(16) });
    if (!answer.ok) return refuse(`the admin API does not answer: ${answer.refusal.why}`);
    const { status } = answer.value;
    if (status === 404) return ok(undefined);
    if (status === 401 || status === 403) {
      // A token from before the roles were given does not have them.
      held = undefined;
      if (!isAgain) return ask(path, true);
    }
    if (status !== 200) {
      return refuse(
        `the admin API answered ${status}: give the service account of ${client.clientId} the role view-users of realm-management`,
      );
    }
    const parsed = parse(answer.value.text());
    return parsed === undefined ? refuse('the admin API answered no JSON') : ok(parsed);
  };

  /** Every page of a list; `undefined` where there is no such list. */
  const pages = async (path: string, take: (item: Json) => void): Promise<Result<undefined, string>> => {
    for (let first = 0; ; first += pageSize) {
      const answer = await ask(`${path}${path.includes('?') ? '&' : '?'}first=${first}&max=${pageSize}`);
      if (!answer.ok) return answer;
      if (answer.value === undefined) return ok(undefined);
      if (!Array.isArray(answer.value)) return refuse('the admin API answered no list');
      answer.value.forEach(take);
      if (answer.value.length < pageSize) return ok(undefined);
    }
  };

  /** Runs a few at a time and stops at the first that fails. */
  const each = async <Item>(
    items: readonly Item[],
    work: (item: Item) => Promise<Result<undefined, string>>,
  ): Promise<Result<undefined, string>> => {
    const queue = [...items];
    let failed: string | undefined;
    const worker = async (): Promise<void> => {
      for (let item = queue.shift(); item !== undefined && failed === undefined; item = queue.shift()) {
        const done = await work(item);
        if (!done.ok) failed = done.refusal;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    return failed === undefined ? ok(undefined) : refuse(failed);
  };

  const allGroups = async (): Promise<Result<readonly Group[], string>> => {
    const found: Group[] = [];
    const level: Group[] = [];
    const note = (item: Json): void => {
      const group = readGroup(item);
      if (group === undefined) return;
      found.push(group);
      if (group.hasChildren) level.push(group);
    };
    const top = await pages('/groups?briefRepresentation=true', note);
    if (!top.ok) return top;
    while (level.length > 0) {
      if (found.length > mostGroups) return refuse(`there are more than ${mostGroups} groups`);
      const below = await each(level.splice(0), ({ id }) =>
        pages(`/groups/${encodeURIComponent(id)}/children?briefRepresentation=true`, note),
      );
      if (!below.ok) return below;
    }
    return ok(found);
  };

  return {
    async everybody() {
      const groups = await allGroups();
      if (!groups.ok) return groups;
      const members = new Map<string, string[]>();
      const read = await each(groups.value, ({ id, path }) =>
        pages(`/groups/${encodeURIComponent(id)}/members?briefRepresentation=true`, (item) => {
          const user = isJsonObject(item) ? item['id'] : undefined;
          if (typeof user !== 'string') return;
          const theirs = members.get(user);
          if (theirs === undefined) members.set(user, [path]);
          else theirs.push(path);
        }),
      );
      if (!read.ok) return read;
      for (const paths of members.values()) paths.sort();
      return ok(members);
    },
    async of(subject) {
      const path = `/users/${encodeURIComponent(subject)}`;
      const user = await ask(path);
      if (!user.ok || user.value === undefined) return user.ok ? ok(undefined) : user;
      const paths: string[] = [];
      const read = await pages(`${path}/groups?briefRepresentation=true`, (item) => {
        const group = readGroup(item);
        if (group !== undefined) paths.push(group.path);
      });
      return read.ok ? ok(paths.toSorted()) : read;
    },
  };
}

interface Group {
  readonly id: string;
  readonly path: string;
  readonly hasChildren: boolean;
}

function readGroup(item: Json): Group | undefined {
  if (!isJsonObject(item)) return undefined;
  const { id, path, subGroupCount, subGroups } = item;
  if (typeof id !== 'string' || typeof path !== 'string') return undefined;
  const below =
    typeof subGroupCount === 'number' ? subGroupCount > 0 : Array.isArray(subGroups) && subGroups.length > 0;
  return { id, path, hasChildren: below };
}

function parse(text: string): Json | undefined {
  try {
    // JSON.parse gives nothing but JSON.
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
