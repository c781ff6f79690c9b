import type { Command } from 'commander';
import type { Io } from '../io.ts';
import type { ServerFlags } from '../ask.ts';
import type { PurgeFlags } from './commands.ts';

const urlFlag = ['--url <url>', 'which Keyturn (default: KEYTURN_URL, else http://localhost:8040)'] as const;
const jsonFlag = ['--json', 'as JSON'] as const;

/** `keyturn exchange …`: for administrators. */
export function registerExchangeCommands(program: Command, io: Io): void {
  const exchange = program
    .command('exchange')
    .description('administrators: token exchange, its breakers and its cache');
  exchange
    .command('status')
    .description('show breakers that have been used, and how many upstream tokens are kept')
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (flags: ServerFlags) => (await import('./commands.ts')).runStatus(io, flags));
  exchange
    .command('reset [source]')
    .description('close the breaker of the token endpoint, or that of a source (its id), by hand')
    .option(...urlFlag)
    .option('--sources', 'close those of all sources')
    .addHelpText('after', '\nExamples:\n  keyturn exchange reset\n  keyturn exchange reset src_01h…')
    .action(async (source: string | undefined, flags: ServerFlags & { sources?: boolean }) =>
      (await import('./commands.ts')).runReset(io, source, flags),
    );
  exchange
    .command('purge')
    .description('drop kept upstream tokens, on every replica')
    .option(...urlFlag)
    .option('--subject <sub>', 'of this user')
    .option('--audience <audience>', 'for this upstream')
    .option('--all', 'all there are')
    .addHelpText('after', '\nExamples:\n  keyturn exchange purge --audience pizzeria-backend')
    .action(async (flags: PurgeFlags) => (await import('./commands.ts')).runPurge(io, flags));
}
