import type { JsonObject } from '@keyturn/protocol';
import { CommandFailure, type Io } from '../io.ts';
import { linesOf, objectsIn } from '../ask.ts';
import { type CommonFlags, expect, show } from './ask.ts';
import { formatTable } from './table.ts';

const groupsPath = '/api/v1/tool-groups';
const policiesPath = '/api/v1/access-policies';

export interface GroupFlags extends CommonFlags {
  readonly select: readonly string[];
  readonly tool: readonly string[];
  readonly without: readonly string[];
  readonly description?: string;
}

export interface PolicyFlags extends CommonFlags {
  readonly group: readonly string[];
  readonly role: readonly string[];
  readonly scope: readonly string[];
  readonly equals: readonly string[];
  readonly contains: readonly string[];
  readonly everyone?: boolean;
}

/** `keyturn tools groups list`. */
export async function runGroups(io: Io, flags: CommonFlags): Promise<void> {
  const groups = objectsIn((await expect(io, flags, 'GET', groupsPath))['groups']);
  show(io, flags, groups, () =>
    formatTable([
      ['NAME', 'ID', 'ACTIVE', 'SELECTORS'],
      ...groups.map((group) => [
        linesOf(group['name']),
        linesOf(group['id']),
        linesOf(group['is_active']),
        JSON.stringify(group['selectors']),
      ]),
    ]),
  );
}

/** `keyturn tools groups create NAME`. */
export async function runCreateGroup(io: Io, name: string, flags: GroupFlags): Promise<void> {
  const group = await expect(io, flags, 'POST', groupsPath, {
    name,
    description: flags.description,
    ...membersOf(flags),
  });
  show(io, flags, group, () => linesOf(group['id']));
}

/** `keyturn tools groups tools NAME`, or `preview --select …`: which tools it has. */
export async function runGroupTools(io: Io, name: string | undefined, flags: GroupFlags): Promise<void> {
  const body =
    name === undefined
      ? await expect(io, flags, 'POST', `${groupsPath}/preview`, membersOf(flags))
      : await expect(io, flags, 'GET', `${groupsPath}/${await idOf(io, flags, 'group', name)}/tools`);
  show(io, flags, body, () =>
    formatTable([
      ['TOOL', 'METHOD', 'PATH'],
      ...objectsIn(body['tools']).map((tool) => [
        linesOf(tool['tool_id']),
        linesOf(tool['method']),
        linesOf(tool['path']),
      ]),
    ]),
  );
}

/** `keyturn tools access list`. */
export async function runPolicies(io: Io, flags: CommonFlags): Promise<void> {
  const policies = objectsIn((await expect(io, flags, 'GET', policiesPath))['policies']);
  if (policies.length === 0 && flags.json !== true) {
    io.complain('There is no access policy: tools.withoutAccessPolicy says what callers see.');
    return;
  }
  show(io, flags, policies, () =>
    formatTable([
      ['NAME', 'ID', 'ACTIVE', 'FOR'],
      ...policies.map((policy) => [
        linesOf(policy['name']),
        linesOf(policy['id']),
        linesOf(policy['is_active']),
        JSON.stringify(policy['claim_matchers']),
      ]),
    ]),
  );
}

/** `keyturn tools access create NAME`. */
export async function runCreatePolicy(io: Io, name: string, flags: PolicyFlags): Promise<void> {
  const matchers = [
    ...flags.role.map((role) => ({ role })),
    ...flags.scope.map((scope) => ({ scope })),
    ...flags.equals.map((text) => readClaim(text, 'equals')),
    ...flags.contains.map((text) => readClaim(text, 'contains')),
  ];
  if ((matchers.length === 0) !== (flags.everyone === true)) {
    throw new CommandFailure('say for whom: --role, --scope, --equals, --contains; or --everyone', 2);
  }
  if (flags.group.length === 0) throw new CommandFailure('say which tools: --group', 2);
  const groups: string[] = [];
  for (const group of flags.group) groups.push(await idOf(io, flags, 'group', group));
  const policy = await expect(io, flags, 'POST', policiesPath, {
    name,
    claim_matchers: matchers,
    allowed_group_ids: groups,
  });
  show(io, flags, policy, () => linesOf(policy['id']));
}

/** `keyturn tools groups remove NAME` and `keyturn tools access remove NAME`. */
export async function runRemoveAccess(
  io: Io,
  kind: 'group' | 'policy',
  name: string,
  flags: CommonFlags,
): Promise<void> {
  const base = kind === 'group' ? groupsPath : policiesPath;
  await expect(io, flags, 'DELETE', `${base}/${await idOf(io, flags, kind, name)}`);
  io.complain(`Removed ${name}`);
}

async function idOf(io: Io, flags: CommonFlags, kind: 'group' | 'policy', name: string): Promise<string> {
  const all =
    kind === 'group'
      ? objectsIn((await expect(io, flags, 'GET', groupsPath))['groups'])
      : objectsIn((await expect(io, flags, 'GET', policiesPath))['policies']);
  const found = all.find((one) => one['id'] === name || one['name'] === name);
  if (found === undefined) throw new CommandFailure(`there is no ${kind} ${JSON.stringify(name)}`);
  return linesOf(found['id']);
}

function membersOf(flags: GroupFlags): JsonObject {
  return {
    selectors: flags.select.map(readToolSelector),
    explicit_tool_ids: flags.tool,
    excluded_tool_ids: flags.without,
  };
}

/** `source=pizzeria-*,method=GET,path=/menu/**,name=get_*,tag=menu`. */
function readToolSelector(text: string): JsonObject {
  const selector: Record<string, string | readonly string[]> = {};
  const tags: string[] = [];
  for (const pair of text.split(',')) {
    const [, key = '', value = ''] = /^(source|name|path|method|tag)=(.+)$/.exec(pair) ?? [];
    if (key === '') {
      throw new CommandFailure(
        `--select ${text}: write source=…, name=…, path=…, method=… or tag=…, joined by commas`,
        2,
      );
    }
    if (key === 'tag') tags.push(value);
    else selector[`${key}_pattern`] = value;
  }
  return tags.length === 0 ? selector : { ...selector, required_tags: tags };
}

function readClaim(text: string, operator: 'equals' | 'contains'): JsonObject {
  const [, path, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (path === undefined || value === undefined)
    throw new CommandFailure(`--${operator} ${text}: write claim=value`, 2);
  return { json_path: path, operator, value };
}
