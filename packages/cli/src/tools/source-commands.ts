import { existsSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { CommandFailure, type Io } from '../io.ts';
import { readSecretArgument } from '../realm/secret-argument.ts';
import { linesOf, objectsIn } from '../ask.ts';
import { type CommonFlags, expect, findSource, show } from './ask.ts';
import { describeDiff, describeHealth, describeSource, describeWaiting } from './describe.ts';
import { formatTable } from './table.ts';

const path = '/api/v1/sources';

export interface AddFlags extends CommonFlags {
  readonly name?: string;
  readonly slug?: string;
  readonly audience?: string;
  readonly scope: readonly string[];
  readonly mcp?: boolean;
  readonly review?: boolean;
  readonly every?: string;
  readonly serverUrl?: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly auth?: string;
  readonly authName?: string;
  readonly authIn?: string;
  readonly authPrefix?: string;
  readonly authClient?: string;
  readonly authTokenUrl?: string;
  readonly authSecret?: string;
}

/** `keyturn tools sources list`. */
export async function runSources(io: Io, flags: CommonFlags): Promise<void> {
  const sources = objectsIn((await expect(io, flags, 'GET', path))['sources']);
  if (sources.length === 0 && flags.json !== true) {
    io.complain('There is no source. keyturn tools sources add URL registers one.');
    return;
  }
  show(io, flags, sources, () =>
    formatTable([
      ['SLUG', 'TOOLS', 'WAITING', 'STATE', 'LAST SYNC', 'URL'],
      ...sources.map((source) => [
        linesOf(source['slug']),
        linesOf(source['inventory_count']),
        String(waitingOf(source)),
        source['is_enabled'] === true ? linesOf(source['health_status']) : 'disabled',
        linesOf(source['last_sync_at']).slice(0, 16).replace('T', ' '),
        linesOf(source['url']) === '' ? '(uploaded)' : linesOf(source['url']),
      ]),
    ]),
  );
}

/** `keyturn tools sources show SOURCE`. */
export async function runShowSource(io: Io, given: string, flags: CommonFlags): Promise<void> {
  const { id } = await findSource(io, flags, given);
  const source = await expect(io, flags, 'GET', `${path}/${linesOf(id)}`);
  show(io, flags, source, () => describeSource(source));
}

/** `keyturn tools sources add URL-OR-FILE`. */
export async function runAdd(io: Io, from: string, flags: AddFlags): Promise<void> {
  const isUrl = /^https?:\/\//i.test(from);
  const file = resolve(io.cwd, from);
  if (!isUrl && !existsSync(file)) throw new CommandFailure(`${JSON.stringify(from)} is no URL, and no such file`, 2);
  const name = flags.name ?? (isUrl ? new URL(from).host : basename(from).replace(/\.(json|ya?ml)$/i, ''));
  const some = <Item>(list: readonly Item[]) => (list.length === 0 ? undefined : list);
  const source = await expect(io, flags, 'POST', path, {
    name,
    slug: flags.slug,
    ...(isUrl ? { url: from } : { document: readFileSync(file, 'utf8') }),
    source_type: flags.mcp === true ? 'mcp' : 'openapi',
    default_audience: flags.audience,
    required_scopes: flags.scope,
    review: flags.review === true ? 'review' : 'auto',
    sync_interval: flags.every === undefined ? undefined : readInterval(flags.every),
    server_url: flags.serverUrl,
    include: some(flags.include.map(readSelector)),
    exclude: some(flags.exclude.map(readSelector)),
    auth: readAuth(io, flags),
  });
  show(io, flags, source, () => describeSource(source));
}

/** `keyturn tools sources refresh SOURCE`: what it found, by name. */
export async function runRefresh(io: Io, given: string, flags: CommonFlags & { dryRun?: boolean }): Promise<void> {
  const { id } = await findSource(io, flags, given);
  const body = { dry_run: flags.dryRun === true };
  const refreshed = await expect(io, flags, 'POST', `${path}/${linesOf(id)}/refresh`, body);
  show(io, flags, refreshed, () => describeDiff(refreshed, given, body.dry_run));
}

/** `keyturn tools sources enable|disable SOURCE [OPERATION…]`: the source, or some of its tools. */
export async function runSwitch(
  io: Io,
  given: string,
  operations: readonly string[],
  enabled: boolean,
  flags: CommonFlags & { readonly reason?: string },
): Promise<void> {
  const { id } = await findSource(io, flags, given);
  const verb = enabled ? 'enable' : 'disable';
  const body = flags.reason === undefined ? {} : { reason: flags.reason };
  if (operations.length === 0) {
    await expect(io, flags, 'POST', `${path}/${linesOf(id)}/${verb}`, body);
    io.complain(`${enabled ? 'Enabled' : 'Disabled'} ${given}`);
  }
  for (const operation of operations) {
    await expect(io, flags, 'POST', `${path}/${linesOf(id)}/tools/${encodeURIComponent(operation)}/${verb}`, body);
    io.complain(`${enabled ? 'Enabled' : 'Disabled'} ${given}/${operation}`);
  }
}

/** `keyturn tools sources remove SOURCE`. */
export async function runRemove(io: Io, given: string, flags: CommonFlags): Promise<void> {
  const { id } = await findSource(io, flags, given);
  await expect(io, flags, 'DELETE', `${path}/${linesOf(id)}`);
  io.complain(`Removed ${given}`);
}

/** `keyturn tools sources diff SOURCE`: what waits for a person. With --detailed-exitcode 2 where anything does. */
export async function runDiff(
  io: Io,
  given: string,
  flags: CommonFlags & { detailedExitcode?: boolean },
): Promise<void> {
  const { id } = await findSource(io, flags, given);
  const diff = await expect(io, flags, 'GET', `${path}/${linesOf(id)}/diff`);
  const waiting = objectsIn(diff['tools']);
  show(io, flags, diff, () => (waiting.length === 0 ? 'Nothing waits.' : describeWaiting(waiting, given)));
  if (flags.detailedExitcode === true && waiting.length > 0) io.exit(2);
}

/** `keyturn tools sources accept SOURCE OPERATION…`, or `--all`: exactly what is there now, by its hash. */
export async function runAccept(
  io: Io,
  given: string,
  operations: readonly string[],
  flags: CommonFlags & { readonly all?: boolean },
): Promise<void> {
  if ((flags.all === true) === operations.length > 0) throw new CommandFailure('name tools, or give --all', 2);
  const { id } = await findSource(io, flags, given);
  const diff = await expect(io, flags, 'GET', `${path}/${linesOf(id)}/diff`);
  const accepted = await expect(io, flags, 'POST', `${path}/${linesOf(id)}/tools/accept`, {
    ...(flags.all === true ? { all: true } : { tools: operations }),
    inventory_hash: diff['inventory_hash'],
  });
  show(io, flags, accepted, () => `Accepted ${linesOf(accepted['accepted'])} tools of ${given}`);
}

/** `keyturn tools sources health SOURCE`: 1 where it is unhealthy. */
export async function runHealth(io: Io, given: string, flags: CommonFlags): Promise<void> {
  const { id } = await findSource(io, flags, given);
  const health = await expect(io, flags, 'GET', `${path}/${linesOf(id)}/health`);
  show(io, flags, health, () => describeHealth(health));
  if (health['status'] === 'unhealthy') io.exit(1);
}

/** `keyturn tools sources tools SOURCE`: its inventory, with state and hash. */
export async function runInventory(io: Io, given: string, flags: CommonFlags & { state?: string }): Promise<void> {
  const { id } = await findSource(io, flags, given);
  const query = flags.state === undefined ? '' : `?state=${encodeURIComponent(flags.state)}`;
  const inventory = await expect(io, flags, 'GET', `${path}/${linesOf(id)}/tools${query}`);
  show(io, flags, inventory, () =>
    formatTable([
      ['OPERATION', 'STATE', 'METHOD', 'PATH', 'HASH'],
      ...objectsIn(inventory['tools']).map((tool) => [
        linesOf(tool['operation_id']),
        linesOf(tool['state']),
        linesOf(tool['method']),
        linesOf(tool['path']),
        linesOf(tool['hash']).slice(0, 12),
      ]),
    ]),
  );
}

function waitingOf(source: JsonObject): number {
  const counts = isJsonObject(source['tool_counts']) ? source['tool_counts'] : {};
  return Number(counts['added'] ?? 0) + Number(counts['changed'] ?? 0);
}

/** `tag:pets`, `method:GET`, `path:/pets/*`, `operation:get_*`. */
function readSelector(text: string): JsonObject {
  const [, kind = '', value = ''] = /^(tag|method|path|operation):(.+)$/.exec(text) ?? [];
  if (kind === '') {
    throw new CommandFailure(
      `${JSON.stringify(text)} selects nothing: write tag:…, method:…, path:… or operation:…`,
      2,
    );
  }
  return { [`${kind}s`]: [value] };
}

function readInterval(text: string): number {
  const [, amount, unit = 's'] = /^(\d{1,7})([smhd])?$/.exec(text) ?? [];
  if (amount === undefined) throw new CommandFailure(`--every ${text}: write 0, 300, 15m, 6h or 1d`, 2);
  return Number(amount) * { s: 1, m: 60, h: 3600, d: 86_400 }[unit as 's' | 'm' | 'h' | 'd'];
}

function readAuth(io: Io, flags: AddFlags): object | undefined {
  if (flags.auth === undefined) return undefined;
  const secret = flags.authSecret === undefined ? undefined : readSecretArgument(io, '--auth-secret', flags.authSecret);
  switch (flags.auth) {
    case 'api-key':
      if (flags.authName === undefined) throw new CommandFailure('--auth api-key needs --auth-name, the header’s', 2);
      return { kind: 'api-key', in: flags.authIn, name: flags.authName, prefix: flags.authPrefix, secret };
    case 'client-credentials':
      return { kind: flags.auth, client_id: flags.authClient, token_url: flags.authTokenUrl, secret };
    default:
      return { kind: flags.auth };
  }
}
