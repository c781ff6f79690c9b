import type { Command } from 'commander';
import type { Io } from '../io.ts';
import type { ServerFlags } from '../ask.ts';
import type { CreateFlags, RevokeFlags } from './commands.ts';

const urlFlag = ['--url <url>', 'which Keyturn (default: KEYTURN_URL, else http://localhost:8040)'] as const;
const jsonFlag = ['--json', 'as JSON'] as const;
const many = (one: string, all: readonly string[]): readonly string[] => [...all, one];

/** `keyturn token …`: one's own personal access tokens. */
export function registerTokenCommands(program: Command, io: Io): void {
  const token = program.command('token').description('your personal access tokens');
  token
    .command('create <name>')
    .description('make a token and print it, this once')
    .option(...urlFlag)
    .option('--expires <duration>', 'how long it lives: 7d, 90d, 1y (default: what Keyturn says)')
    .option('--kind <kind>', 'reference or jwt (default: what Keyturn says)')
    .option('--audience <service>', 'usable at this service only (repeatable)', many, [])
    .option('--scope <scope>', 'with this scope only (repeatable)', many, [])
    .option('--tool <tool>', 'for this tool only; source/* for all of a source (repeatable)', many, [])
    .option('--cidr <network>', 'from this network only (repeatable)', many, [])
    .option('--read-only', 'changes nothing')
    .option('--may-approve', 'may turn the second key')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nExamples:\n  keyturn token create ci --expires 90d --read-only\n  export API_TOKEN=$(keyturn token create laptop)',
    )
    .action(async (name: string, flags: CreateFlags) => (await import('./commands.ts')).runCreate(io, name, flags));
  token
    .command('list')
    .description('show them, newest first')
    .option(...urlFlag)
    .option(...jsonFlag)
    .action(async (flags: ServerFlags) => (await import('./commands.ts')).runList(io, flags));
  token
    .command('revoke [names...]')
    .description('end tokens, by name or id: refused everywhere within a second')
    .option(...urlFlag)
    .option('--all', 'all of yours, and the grant that carries them')
    .option('--user <sub>', 'administrators: all of this user')
    .option('--client <id>', 'administrators: all that were made through this client')
    .option('--everything', 'administrators: all there are')
    .option('--access-tokens', 'with --user, --client or --everything: ordinary access tokens issued until now too')
    .option('--yes', 'do it without asking: --everything needs this')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nExamples:\n  keyturn token revoke ci\n  keyturn token revoke --all\n  keyturn token revoke --user 3f1b8a52-0d1e-4d4c-9a53-7f6a1f0f2b77 --access-tokens',
    )
    .action(async (names: readonly string[], flags: RevokeFlags) =>
      (await import('./commands.ts')).runRevoke(io, names, flags),
    );
  token
    .command('rotate <name>')
    .description('give a token a new secret and print it; the old one works for a while')
    .option(...urlFlag)
    .option('--overlap <duration>', 'how long the old one still works: 0, 1h, 7d')
    .option(...jsonFlag)
    .action(async (name: string, flags: ServerFlags & { overlap?: string }) =>
      (await import('./commands.ts')).runRotate(io, name, flags),
    );
}
