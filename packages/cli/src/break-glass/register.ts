import type { Command } from 'commander';
import type { Io } from '../io.ts';

/** `keyturn break-glass …`: accounts for the day on which the identity provider is down. */
export function registerBreakGlassCommands(program: Command, io: Io): void {
  const breakGlass = program
    .command('break-glass')
    .description('accounts that log in without the identity provider, in emergencies');
  breakGlass
    .command('new')
    .description('make an account: prints the part for the settings; it is stored nowhere')
    .argument('<username>')
    .option('--password <password>', 'as -, @file or env:NAME (default: a new one is made and shown)')
    .addHelpText(
      'after',
      '\nExamples:\n  keyturn break-glass new alice > break-glass.yaml\n  keyturn break-glass new alice --password @password.txt',
    )
    .action(async (username: string, flags: { password?: string }) =>
      (await import('./commands.ts')).runNew(io, username, flags),
    );
  breakGlass
    .command('code')
    .description('print the one-time code of this moment: for a drill without a phone')
    .argument('<totp-secret>', 'as -, @file or env:NAME')
    .action(async (secret: string) => (await import('./commands.ts')).runCode(io, secret));
}
