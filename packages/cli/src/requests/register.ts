import type { Command } from 'commander';
import type { Io } from '../io.ts';
import type { ServerFlags } from '../ask.ts';
import type { DecideFlags, ListFlags } from './commands.ts';

const urlFlag = ['--url <url>', 'which Keyturn (default: KEYTURN_URL, else http://localhost:8040)'] as const;
const jsonFlag = ['--json', 'as JSON'] as const;
const reasonFlag = ['--reason <text>', 'why, for everybody who reads the request'] as const;

/** `keyturn requests …`: what agents ask for, and the second key. */
export function registerRequestCommands(program: Command, io: Io): void {
  const requests = program.command('requests').description('what agents ask for, and the second key');
  requests
    .command('list')
    .description('show requests, newest first: all to a reviewer, their own to others')
    .option(...urlFlag)
    .option('--phase <phases>', 'in these phases only: Pending, Approved, … (default: Pending)', 'Pending')
    .option('--all', 'in every phase')
    .option('--agent <identity>', 'of this agent only')
    .option('--limit <count>', 'at most so many', '100')
    .option(...jsonFlag)
    .action(async (flags: ListFlags) => (await import('./commands.ts')).runList(io, flags));
  requests
    .command('show <name>')
    .description('show one, with its arguments and its conditions')
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (name: string, flags: ServerFlags) => (await import('./commands.ts')).runShow(io, name, flags));
  requests
    .command('approve <name>')
    .description('turn your key for exactly this call')
    .option(...urlFlag)
    .option(...reasonFlag)
    .option('--edit <json>', 'approve with these arguments instead: JSON, or @file; the agent has to call with them')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nExamples:\n  keyturn requests approve aip-agent-1-x7k2mq4d --reason "maintenance window"\n  keyturn requests approve aip-agent-1-x7k2mq4d --edit \'{"replicas":2}\'',
    )
    .action(async (name: string, flags: DecideFlags) => (await import('./commands.ts')).runApprove(io, name, flags));
  for (const [verb, about] of [
    ['deny', 'say no; that stands until the request would have expired'],
    ['cancel', 'take back a request of your own'],
  ] as const) {
    requests
      .command(`${verb} <name>`)
      .description(about)
      .option(...urlFlag)
      .option(...reasonFlag)
      .option(...jsonFlag)
      .action(async (name: string, flags: DecideFlags) =>
        (await import('./commands.ts')).runDecide(io, verb, name, flags),
      );
  }
  requests
    .command('watch [name]')
    .description('follow one request to its end, or everything that changes')
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (name: string | undefined, flags: ServerFlags) =>
      (await import('./commands.ts')).runWatch(io, name, flags),
    );
}
