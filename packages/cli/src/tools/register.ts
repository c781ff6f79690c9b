import { type Command, Option } from 'commander';
import type { Io } from '../io.ts';
import type { GroupFlags, PolicyFlags } from './access-commands.ts';
import type { CommonFlags } from './ask.ts';
import type { AddFlags } from './source-commands.ts';
import type { ListFlags } from './tool-commands.ts';

const many = (one: string, all: readonly string[]): readonly string[] => [...all, one];

/** What every command takes. */
function common(command: Command): Command {
  return command
    .option('--url <url>', 'which Keyturn (default: KEYTURN_URL, else http://localhost:8040)')
    .option('--token <where>', 'the access token: env:NAME, @file or - (default: KEYTURN_TOKEN, else the login)')
    .option('--json', 'as JSON');
}

/** `keyturn tools …`: what a caller may call, and where it comes from. */
export function registerToolCommands(program: Command, io: Io): void {
  const tools = program.command('tools').description('tools: list and call them, and the sources they come from');
  common(tools.command('list'))
    .description('show the tools that you may call')
    .option('--source <slug>', 'of this source')
    .option('--search <text>', 'with this in name or description')
    .action(async (flags: ListFlags) => (await import('./tool-commands.ts')).runList(io, flags));
  common(tools.command('show <tool>'))
    .description('show what a tool does and takes')
    .action(async (tool: string, flags: CommonFlags) => (await import('./tool-commands.ts')).runShow(io, tool, flags));
  common(tools.command('call <tool> [arguments...]'))
    .description('call a tool as yourself')
    .addHelpText(
      'after',
      `
Arguments: name=value (typed by the tool’s schema), name:=json, body.city=Berlin, or one JSON object ({…}, @file, -).
Exit status: 0 done, 1 refused or failed, 2 not understood, 3 waits for approval, 4 not logged in.

Examples:
  keyturn tools call pizzeria-backend/get_menu_items vegetarian=true
  keyturn tools call pizzeria-backend/place_order '{"body":{"items":[{"id":"marinara","count":2}]}}'`,
    )
    .action(async (tool: string, args: readonly string[], flags: CommonFlags) =>
      (await import('./tool-commands.ts')).runCall(io, tool, args, flags),
    );
  registerSourceCommands(tools, io);
  registerAccessCommands(tools, io);
}

function registerSourceCommands(tools: Command, io: Io): void {
  const sources = tools.command('sources').description('sources of tools: OpenAPI documents and MCP servers');
  const load = () => import('./source-commands.ts');
  common(sources.command('list'))
    .description('show all')
    .action(async (flags: CommonFlags) => (await load()).runSources(io, flags));
  common(sources.command('show <source>'))
    .description('show one, by slug or id')
    .action(async (source: string, flags: CommonFlags) => (await load()).runShowSource(io, source, flags));
  common(sources.command('add <url-or-file>'))
    .description('register an OpenAPI document or an MCP server')
    .option('--name <name>', 'for people (default: host or file name)')
    .option('--slug <slug>', 'first half of the tools’ names (default: the audience, else the name)')
    .option('--audience <client>', 'the upstream’s client id: callers’ tokens are exchanged for it')
    .option('--scope <scope>', 'asked for in the exchange (repeatable)', many, [])
    .option('--mcp', 'it is an MCP server')
    .option('--review', 'what a re-sync finds new or changed stays off until a person accepts it')
    .option('--every <interval>', 're-sync by timer: 15m, 6h, 1d; 0 never (default: tools.resyncInterval)')
    .option('--server-url <url>', 'where it is called, instead of what the document says')
    .option('--include <selector>', 'only tag:…, method:…, path:… or operation:… (repeatable)', many, [])
    .option('--exclude <selector>', 'not these (repeatable)', many, [])
    .addOption(
      new Option('--auth <kind>', 'what the upstream is shown (default: by the audience)').choices([
        'exchange',
        'passthrough',
        'client-credentials',
        'api-key',
        'none',
      ]),
    )
    .option('--auth-name <name>', 'of an API key: its header or parameter')
    .addOption(new Option('--auth-in <place>', 'of an API key').choices(['header', 'query']))
    .option('--auth-prefix <text>', 'of an API key: what stands before it, such as "Bearer "')
    .option('--auth-client <id>', 'of client-credentials: a client of the source’s own')
    .option('--auth-token-url <url>', 'of client-credentials: another token endpoint')
    .option('--auth-secret <where>', 'env:NAME, @file or -; never the secret itself')
    .addHelpText(
      'after',
      `
Examples:
  keyturn tools sources add http://localhost:8000/openapi.json --audience pizzeria-backend
  keyturn tools sources add petstore.yaml --auth api-key --auth-name X-Api-Key --auth-secret env:PETSTORE_KEY
  keyturn tools sources add https://mcp.example.com/mcp --mcp --audience mcp-example --review`,
    )
    .action(async (from: string, flags: AddFlags) => (await load()).runAdd(io, from, flags));
  common(sources.command('refresh <source>'))
    .description('read it again and show what has changed')
    .option('--dry-run', 'change nothing')
    .action(async (source: string, flags: CommonFlags) => (await load()).runRefresh(io, source, flags));
  for (const [verb, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    common(sources.command(`${verb} <source> [operations...]`))
      .description(`${verb} a source, or some of its tools`)
      .option('--reason <text>', 'for the audit')
      .action(async (source: string, operations: readonly string[], flags: CommonFlags) =>
        (await load()).runSwitch(io, source, operations, enabled, flags),
      );
  }
  common(sources.command('remove <source>'))
    .description('remove it and its tools')
    .action(async (source: string, flags: CommonFlags) => (await load()).runRemove(io, source, flags));
  common(sources.command('tools <source>'))
    .description('show its inventory: each tool with state and hash')
    .option('--state <states>', 'offered, disabled, added, changed, gone; several with commas')
    .action(async (source: string, flags: CommonFlags) => (await load()).runInventory(io, source, flags));
  common(sources.command('diff <source>'))
    .description('show what is new or changed and waits for a person')
    .option('--detailed-exitcode', '0: nothing waits, 1: error, 2: something waits')
    .action(async (source: string, flags: CommonFlags) => (await load()).runDiff(io, source, flags));
  common(sources.command('accept <source> [operations...]'))
    .description('offer what waits, exactly as it is now')
    .option('--all', 'all of it')
    .action(async (source: string, operations: readonly string[], flags: CommonFlags) =>
      (await load()).runAccept(io, source, operations, flags),
    );
  common(sources.command('health <source>'))
    .description('ask document and upstream now; 1 where it is unhealthy')
    .action(async (source: string, flags: CommonFlags) => (await load()).runHealth(io, source, flags));
}

function registerAccessCommands(tools: Command, io: Io): void {
  const load = () => import('./access-commands.ts');
  const selecting = (command: Command): Command =>
    common(command)
      .option('--select <selector>', 'source=…,name=…,path=…,method=…,tag=…, all of which apply (repeatable)', many, [])
      .option('--tool <id>', 'this one too (repeatable)', many, [])
      .option('--without <id>', 'never this one (repeatable)', many, []);
  const groups = tools.command('groups').description('groups of tools, which access policies open');
  common(groups.command('list'))
    .description('show all')
    .action(async (flags: CommonFlags) => (await load()).runGroups(io, flags));
  selecting(groups.command('create <name>'))
    .description('make one and print its id')
    .option('--description <text>', 'what it is for')
    .addHelpText('after', '\nExample:\n  keyturn tools groups create reading --select "source=pizzeria-*,method=GET"')
    .action(async (name: string, flags: GroupFlags) => (await load()).runCreateGroup(io, name, flags));
  selecting(groups.command('preview'))
    .description('show what a group would have')
    .action(async (flags: GroupFlags) => (await load()).runGroupTools(io, undefined, flags));
  common(groups.command('tools <name>'))
    .description('show what a group has')
    .action(async (name: string, flags: GroupFlags) => (await load()).runGroupTools(io, name, flags));
  common(groups.command('remove <name>'))
    .description('remove it')
    .action(async (name: string, flags: CommonFlags) => (await load()).runRemoveAccess(io, 'group', name, flags));

  const access = tools.command('access').description('who sees and calls which groups of tools');
  common(access.command('list'))
    .description('show all')
    .action(async (flags: CommonFlags) => (await load()).runPolicies(io, flags));
  common(access.command('create <name>'))
    .description('open groups to callers and print its id')
    .option('--group <group>', 'open this one, by name or id (repeatable)', many, [])
    .option('--role <role>', 'to callers with this role (repeatable, all of them)', many, [])
    .option('--scope <scope>', 'to callers with this scope', many, [])
    .option('--equals <claim=value>', 'to callers whose claim is this', many, [])
    .option('--contains <claim=value>', 'to callers whose claim has this in it', many, [])
    .option('--everyone', 'to everybody with a valid token')
    .addHelpText('after', '\nExample:\n  keyturn tools access create chefs --role pizzeria-chef --group cooking')
    .action(async (name: string, flags: PolicyFlags) => (await load()).runCreatePolicy(io, name, flags));
  common(access.command('remove <name>'))
    .description('remove it')
    .action(async (name: string, flags: CommonFlags) => (await load()).runRemoveAccess(io, 'policy', name, flags));
}
