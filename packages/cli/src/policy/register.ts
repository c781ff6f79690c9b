import type { Command } from 'commander';
import type { Io } from '../io.ts';
import type { ServerFlags } from '../ask.ts';
import type { ReplayFlags, SimulateFlags } from './try-out.ts';

const urlFlag = ['--url <url>', 'which Keyturn (default: KEYTURN_URL, else http://localhost:8040)'] as const;
const jsonFlag = ['--json', 'answers for programs'] as const;
const many = (one: string, all: readonly string[]): readonly string[] => [...all, one];

/** `keyturn policy …`: safety policies as files, and what they would say; `keyturn agent …`: the kill switch. */
export function registerPolicyCommands(program: Command, io: Io): void {
  const policy = program.command('policy').description('safety policies: check, apply and try them');
  registerFiles(policy, io);
  registerTryOut(policy, io);
  registerAgents(program, io);
}

function registerFiles(policy: Command, io: Io): void {
  policy
    .command('lint <paths...>')
    .description('check policy files or folders without a server: the shape, and every expression with line and caret')
    .addHelpText('after', '\nExamples:\n  keyturn policy lint policies/\n  keyturn policy lint guard.yaml')
    .action(async (paths: readonly string[]) => (await import('./files.ts')).runLint(io, paths));
  policy
    .command('apply <paths...>')
    .description('create or replace the policies of files or folders; one that is the same already is left alone')
    .option(...urlFlag)
    .addHelpText('after', '\nExample:\n  keyturn policy apply policies/')
    .action(async (paths: readonly string[], flags: ServerFlags) =>
      (await import('./files.ts')).runApply(io, paths, flags),
    );
  policy
    .command('list')
    .description('show the policies that there are')
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (flags: ServerFlags) => (await import('./files.ts')).runList(io, flags));
  policy
    .command('show <name>')
    .description('print a policy as YAML, as apply takes it')
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (name: string, flags: ServerFlags) => (await import('./files.ts')).runShow(io, name, flags));
  policy
    .command('mode <name> <mode>')
    .description('switch a policy: enforce, observe (judge and record, change nothing) or disabled')
    .option(...urlFlag)
    .action(async (name: string, mode: string, flags: ServerFlags) =>
      (await import('./files.ts')).runMode(io, name, mode, flags),
    );
  policy
    .command('delete <name>')
    .description('remove a policy; its versions can still be read')
    .option(...urlFlag)
    .action(async (name: string, flags: ServerFlags) => (await import('./files.ts')).runDelete(io, name, flags));
}

function registerTryOut(policy: Command, io: Io): void {
  policy
    .command('simulate')
    .description('say what the policies would decide of a call, which rules matched, and why')
    .option('-f, --file <file>', 'policies to put in the places of those that have their names (repeatable)', many, [])
    .option('--alone', 'ask the policies of the files and no others')
    .option('--tool <id>', 'a tool that is called')
    .option('--args <json>', 'its arguments')
    .option('--action <action>', 'what an agent asks leave for')
    .option('--target <uri>', 'to do it to what')
    .option('--agent <identity>', 'who asks (default: you)')
    .option('--role <role>', 'a role that they have (repeatable; default: yours)', many, [])
    .option('--now <time>', 'at which moment, as 2026-12-24T10:00:00Z (default: now)')
    .option(...urlFlag)
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nExamples:\n  keyturn policy simulate --tool shop/cancel --args \'{"order":7}\'\n  keyturn policy simulate -f draft.yaml --action scale-down --target k8s://prod/default/deployment/api --agent aip-agent-1',
    )
    .action(async (flags: SimulateFlags) => (await import('./try-out.ts')).runSimulate(io, flags));
  policy
    .command('replay <files...>')
    .description('judge past agent requests by drafts, and show those that would come out otherwise')
    .option('--from <time>', 'requests from this moment on, as 2026-11-01T00:00:00Z')
    .option('--to <time>', 'requests before this moment')
    .option('--limit <n>', 'at most so many', '1000')
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (files: readonly string[], flags: ReplayFlags) =>
      (await import('./try-out.ts')).runReplay(io, files, flags),
    );
}

function registerAgents(program: Command, io: Io): void {
  const agent = program.command('agent').description('stop an agent, everywhere and at once');
  agent
    .command('kill <id>')
    .description('refuse everything that this identity, client or subject asks, and void what waits for people')
    .option('--reason <text>', 'what its owner is told')
    .option(...urlFlag)
    .action(async (id: string, flags: ServerFlags & { reason?: string }) =>
      (await import('./agents.ts')).runKill(io, id, flags),
    );
  agent
    .command('revive <id>')
    .description('let it ask again')
    .option(...urlFlag)
    .action(async (id: string, flags: ServerFlags) => (await import('./agents.ts')).runRevive(io, id, flags));
  agent
    .command('list')
    .description('show who is stopped')
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (flags: ServerFlags) => (await import('./agents.ts')).runAgents(io, flags));
}
