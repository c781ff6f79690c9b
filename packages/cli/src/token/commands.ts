import type { JsonObject } from '@keyturn/protocol';
import { failure, listOf, send, type ServerFlags, textOf } from '../ask.ts';
import { openBrowser } from '../auth/flows.ts';
import type { Reply } from '../auth/provider.ts';
import { CommandFailure, type Io } from '../io.ts';
import { readDuration } from './duration.ts';
import { formatTokens } from './table.ts';

const path = '/api/v1/users/tokens';

export interface CreateFlags extends ServerFlags {
  readonly kind?: string;
  readonly expires?: string;
  readonly audience: readonly string[];
  readonly scope: readonly string[];
  readonly tool: readonly string[];
  readonly cidr: readonly string[];
  readonly readOnly?: boolean;
  readonly mayApprove?: boolean;
}

/** `keyturn token create NAME`: the token goes to standard output, alone; all else to standard error. */
export async function runCreate(io: Io, name: string, flags: CreateFlags): Promise<void> {
  const some = (list: readonly string[]) => (list.length === 0 ? undefined : list);
  const body = {
    name,
    kind: flags.kind,
    expires_in: flags.expires === undefined ? undefined : readDuration(flags.expires),
    audiences: some(flags.audience),
    scopes: some(flags.scope),
    tools: some(flags.tool),
    source_cidrs: some(flags.cidr),
    read_only: flags.readOnly,
    may_approve: flags.mayApprove,
  };
  let reply = await ask(io, flags, 'POST', path, body);
  if (reply.body['code'] === 'grant_required') {
    await waitForGrant(io, textOf(reply.body['grant_url']));
    reply = await ask(io, flags, 'POST', path, body);
    for (let i = 0; i < 300 && reply.body['code'] === 'grant_required' && io.isTerminal; i++) {
      await new Promise((resolve) => setTimeout(resolve, 2000));
      reply = await ask(io, flags, 'POST', path, body);
    }
  }
  handOut(io, flags, reply);
}

/** `keyturn token list`. */
export async function runList(io: Io, flags: ServerFlags): Promise<void> {
  const tokens = await listTokens(io, flags);
  if (flags.json === true) io.print(JSON.stringify(tokens, undefined, 2));
  else if (tokens.length === 0) io.complain('You have no tokens. keyturn token create NAME makes one.');
  else io.print(formatTokens(tokens));
}

export interface RevokeFlags extends ServerFlags {
  readonly all?: boolean;
  readonly user?: string;
  readonly client?: string;
  readonly everything?: boolean;
  readonly accessTokens?: boolean;
  readonly yes?: boolean;
}

/** `keyturn token revoke NAME-OR-ID …`, or `--all`; or somebody else's, as an administrator. */
export async function runRevoke(io: Io, names: readonly string[], flags: RevokeFlags): Promise<void> {
  const ways = [names.length > 0, flags.all, flags.user, flags.client, flags.everything];
  if (ways.filter((way) => way !== undefined && way !== false).length !== 1) {
    throw new CommandFailure('name tokens, or give one of --all, --user, --client and --everything', 2);
  }
  const { all, user, client, everything, accessTokens } = flags;
  const others = user !== undefined || client !== undefined || everything === true;
  if (accessTokens === true && !others) {
    throw new CommandFailure('--access-tokens goes with --user, --client or --everything', 2);
  }
  if (everything === true && flags.yes !== true) {
    throw new CommandFailure('this ends every personal access token of everybody: give --yes', 2);
  }
  if (all === true || others) {
    const reply = others
      ? await ask(io, flags, 'POST', '/api/v1/tokens/revoke', { user, client, everything, access_tokens: accessTokens })
      : await ask(io, flags, 'POST', `${path}/revoke-all`, {});
    const { body } = expectStatus(reply, 200);
    if (flags.json === true) io.print(JSON.stringify(body, undefined, 2));
    else io.complain(`Revoked ${textOf(body['revoked'])} tokens`);
    return;
  }
  const revoked: { readonly name: string; readonly id: string }[] = [];
  for (const name of names) {
    const id = await idOf(io, flags, name);
    expectStatus(await ask(io, flags, 'DELETE', `${path}/${id}`), 204);
    revoked.push({ name, id });
    if (flags.json !== true) io.complain(`Revoked ${name}`);
  }
  if (flags.json === true) io.print(JSON.stringify(revoked, undefined, 2));
}

/** `keyturn token rotate NAME-OR-ID`: prints the new token. */
export async function runRotate(
  io: Io,
  name: string,
  flags: ServerFlags & { readonly overlap?: string },
): Promise<void> {
  const id = await idOf(io, flags, name);
  const body = flags.overlap === undefined ? {} : { overlap: flags.overlap === '0' ? 0 : readDuration(flags.overlap) };
  handOut(io, flags, await ask(io, flags, 'POST', `${path}/${id}/rotate`, body));
}

function handOut(io: Io, flags: ServerFlags, reply: Reply): void {
  const { body, status } = reply;
  if (status !== 200 && status !== 201) throw failure(reply);
  if (flags.json === true) {
    io.print(JSON.stringify(body, undefined, 2));
    return;
  }
  io.complain(
    `${textOf(body['name'])} (${textOf(body['id'])}), ends ${textOf(body['expires_at'])}. It is shown this once:`,
  );
  io.print(textOf(body['token']));
}

async function waitForGrant(io: Io, url: string): Promise<void> {
  const sentence = `Keyturn needs your leave first. Open this, and log in:\n${url}`;
  if (!io.isTerminal) throw new CommandFailure(`${sentence}\nThen run the command again.`, 4);
  io.complain(`${sentence}\nWaiting until you have …`);
  openBrowser(url);
  await new Promise((resolve) => setTimeout(resolve, 2000));
}

async function listTokens(io: Io, flags: ServerFlags): Promise<readonly JsonObject[]> {
  const reply = await ask(io, flags, 'GET', path);
  if (reply.status !== 200) throw failure(reply);
  return listOf(reply);
}

/** People know their tokens by name. */
async function idOf(io: Io, flags: ServerFlags, name: string): Promise<string> {
  if (/^pat_[0-9a-z]{26}$/.test(name)) return name;
  const found = (await listTokens(io, flags)).find((token) => token['name'] === name);
  if (found === undefined) throw new CommandFailure(`you have no token called ${JSON.stringify(name)}`);
  return textOf(found['id']);
}

function ask(io: Io, flags: ServerFlags, method: string, at: string, body?: object): Promise<Reply> {
  return send(io, flags, method, at, { body });
}

function expectStatus(reply: Reply, status: number): Reply {
  if (reply.status !== status) throw failure(reply);
  return reply;
}
